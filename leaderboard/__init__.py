"""What came out: scores, statistics, the gate, tables and pages, made again and archived."""
