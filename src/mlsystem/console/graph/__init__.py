"""A state machine as a picture: read from its definition (`machine`), put into layers (`layers`), and placed (`layout`). All pure."""
