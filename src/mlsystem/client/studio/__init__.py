"""Studio: the template that an administrator publishes, and the projects that people make of it."""
