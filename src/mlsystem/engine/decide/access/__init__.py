"""Who may do what: IAM's policies as pure functions, from documents and a request to a decision."""
