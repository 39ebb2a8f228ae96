"""How DVC is driven: digests of sources, stages, the fast checker, running in parallel."""
