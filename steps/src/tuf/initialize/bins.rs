//! Hashed bins: which targets are in which, and what they are called.

/// How many bins there are: a power of two from 2 to 65,536.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bins(u32);

impl Bins {
    /// That many bins.
    ///
    /// # Errors
    /// They are no power of two, or out of range, as a clause.
    pub(super) fn new(count: u32) -> Result<Self, String> {
        if count.is_power_of_two() && (2..=65_536).contains(&count) {
            return Ok(Self(count));
        }
        Err(format!("{count} is no power of two from 2 to 65,536"))
    }

    pub(super) fn count(self) -> u32 {
        self.0
    }

    /// The bin of a target whose path has that SHA-256: the number that its first bits are.
    pub(super) fn of(self, hash: &[u8; 32]) -> u32 {
        let first = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        first >> (u32::BITS - self.0.trailing_zeros())
    }

    /// Its name: `bin-` and its number in hex, as wide as the last one's.
    ///
    /// PEP 458 speaks of `bin-n` and names none. These are the names of TAP 15's succinct roles with the prefix `bin`, so that the
    /// files keep their names when clients are found to know those.
    pub(super) fn name(self, bin: u32) -> String {
        format!("bin-{bin:0width$x}", width = digits(self.0 - 1))
    }

    /// What the hex SHA-256 of the paths in it begins with: all of as many digits as it takes.
    pub(super) fn prefixes(self, bin: u32) -> impl Iterator<Item = String> {
        let digits = self.0.trailing_zeros().div_ceil(4) as usize;
        let each = (1 << (4 * digits)) / self.0;
        (bin * each..(bin + 1) * each).map(move |prefix| format!("{prefix:0digits$x}"))
    }
}

fn digits(number: u32) -> usize {
    format!("{number:x}").len()
}

#[cfg(test)]
mod tests {
    use super::Bins;
    use officiant_engine::record::digest_hex;
    use sha2::{Digest, Sha256};

    #[test]
    fn every_hash_is_in_the_one_bin_that_has_its_prefix() {
        for count in [2, 4, 8, 16, 32, 256, 1_024, 16_384] {
            let bins = Bins::new(count).unwrap();
            for target in 0..200 {
                let path = format!("packages/{target}");
                let (hash, text) = (Sha256::digest(&path).into(), digest_hex(path.as_bytes()));
                let holding = |bin: &u32| bins.prefixes(*bin).any(|prefix| text.starts_with(&prefix));
                assert_eq!((0..count).filter(holding).collect::<Vec<_>>(), [bins.of(&hash)], "{count}");
            }
        }
    }

    #[test]
    fn bins_are_called_as_succinct_roles_are() {
        let bins = Bins::new(16_384).unwrap();
        assert_eq!([bins.name(0), bins.name(16_383)], ["bin-0000", "bin-3fff"]);
        assert_eq!(bins.prefixes(1).collect::<Vec<_>>(), ["0004", "0005", "0006", "0007"]);
        assert_eq!(Bins::new(16).unwrap().name(15), "bin-f");
        for count in [0, 1, 3, 16_383, 131_072] {
            assert!(Bins::new(count).is_err(), "{count}");
        }
    }
}
