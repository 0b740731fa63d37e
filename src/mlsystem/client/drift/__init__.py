"""What is known of production's drift: its schedules, their executions, what these found, and how it went on over time."""
