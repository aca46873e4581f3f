//! What a password hash costs, as the command line writes it: `memory,passes,lanes`.

use std::str::FromStr;

/// The cost of Argon2id: memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// The least memory of OWASP's table for Argon2id (Password Storage Cheat Sheet), in KiB; it goes with five passes.
const LEAST_MEMORY: u32 = 7168;
/// The least work of that table: memory times passes.
const LEAST_WORK: u32 = 7168 * 5;
/// Two hashes run at once: more memory than this would be the machine's.
const MOST_MEMORY: u32 = 1024 * 1024;

impl FromStr for PasswordCost {
    type Err = String;

    fn from_str(written: &str) -> Result<PasswordCost, String> {
        let numbers: Option<Vec<u32>> = written.split(',').map(|n| n.trim().parse().ok()).collect();
        let Some(&[memory_kib, passes, lanes]) = numbers.as_deref() else {
            return Err("write memory in KiB, passes and lanes, such as 19456,2,1".into());
        };
        if !(LEAST_MEMORY..=MOST_MEMORY).contains(&memory_kib) || !(1..=20).contains(&passes) || !(1..=16).contains(&lanes) {
            return Err(format!("memory is {LEAST_MEMORY} to {MOST_MEMORY} KiB, passes are 1 to 20, lanes 1 to 16"));
        }
        if memory_kib * passes < LEAST_WORK {
            return Err(format!("memory times passes is at least {LEAST_WORK}: guessing must stay dear"));
        }
        Ok(PasswordCost { memory_kib, passes, lanes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_read_and_one_that_makes_guessing_cheap_is_not() {
        for good in ["19456,2,1", "47104, 1, 1", "12288,3,1", "9216,4,1", "7168,5,1", "65536,3,4"] {
            assert!(good.parse::<PasswordCost>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "19456",
            "19456,2",
            "19456,2,1,1",
            "19456,1,1",
            "7168,4,1",
            "4096,20,1",
            "19456,0,1",
            "19456,2,0",
            "4294967295,2,1",
            "a,b,c",
        ] {
            assert!(bad.parse::<PasswordCost>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_default_of_the_command_line_is_that_of_the_program() {
        let cost: PasswordCost = crate::COST.parse().expect("a cost");
        let usual = app::Config::embedded("").cost;
        assert_eq!((cost.memory_kib, cost.passes, cost.lanes), (usual.memory_kib, usual.passes, usual.lanes));
    }
}
