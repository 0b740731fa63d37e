"""The small programs that stand beside every program: the shim outside of its sandbox, the launcher inside.

Where Docker takes the place of the sandbox, `container` is outside and `landing` inside. They are stdlib only, and
imported without the rest of the engine: each start of a process pays for their imports, so `typing`, `dataclasses` and
`subprocess` stay out of them. The parent folder is put on the path and the package is known as `shim` there, hence the
relative imports.
"""
