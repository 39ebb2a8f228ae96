"""How DVC is driven: digests of sources, the methods' stages, the fast checker, and running in
parallel."""
