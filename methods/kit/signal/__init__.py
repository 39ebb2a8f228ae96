"""What needs numpy alone: records, beats, R peaks, templates, kriging."""
