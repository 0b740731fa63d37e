"""What a system costs on AWS, from its own settings and templates."""
