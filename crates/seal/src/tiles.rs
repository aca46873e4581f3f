//! Tiles: the hashes of a tree in rows of 256, so that a proof reads a few of them (C2SP tlog-tiles).
