"""Everything that touches the outside world: editors, terminals, disks and processes."""
