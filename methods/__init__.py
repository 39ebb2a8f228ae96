"""Who answers: one folder per method, and the kit that they share."""
