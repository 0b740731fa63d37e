"""CloudWatch's alarms: which there are, what each watches and does, how it went, and switching what it does."""
