//! Time stamps by RFC 3161: requests made, tokens read under a strict profile.
