//! The sealed package (.akashi): files, a manifest with one hash per file, a signature.
