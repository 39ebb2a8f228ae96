"""From records to cases: what methods see, and the truth that only the scorer sees."""
