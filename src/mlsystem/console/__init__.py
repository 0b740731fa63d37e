"""The web console: the whole life of the model on its pages, and everything that a person decides.

It reads and writes AWS's API through `client/` and nothing else, so that it shows a local engine and an account alike. `app` wires it:
a page of `pages/` says where it is found, what it loads and how it is drawn; `page` answers requests for it, and streams what changes;
`security/` knows who asks, and what they may do.
"""
