//! The outsider's check of an export: names the first line that is wrong.
