"""What the tests share: the cast, the databases, the running stack."""
