"""What severities and limits fit the user's data: measured with a network trained without variation."""
