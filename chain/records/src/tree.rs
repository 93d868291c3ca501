//! Roots of plain and sum trees in the shape of RFC 6962: an odd leaf is never duplicated.
use crate::{records::Record, sha256, Hash};

/// Leaf of a plain tree: H(0x00 ‖ tag ‖ SCALE).
pub fn leaf<R: Record>(record: &R) -> Hash {
    sha256(&[&[0], &record.signing_bytes()])
}

/// Leaf of a sum tree: H(0x02 ‖ tag ‖ SCALE).
pub fn sum_leaf<R: Record>(record: &R) -> Hash {
    sha256(&[&[2], &record.signing_bytes()])
}

fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// Root of a plain tree; `None` without leaves.
pub fn root(leaves: &[Hash]) -> Option<Hash> {
    if leaves.len() < 2 {
        return leaves.first().copied();
    }
    let (l, r) = leaves.split_at(split(leaves.len()));
    Some(join(&root(l)?, &root(r)?))
}

/// Node of a plain tree: H(0x01 ‖ L ‖ R).
pub fn join(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// Root and total of a sum tree; `None` without leaves or when a sum overflows.
pub fn sum_root(leaves: &[(Hash, u128)]) -> Option<(Hash, u128)> {
    if leaves.len() < 2 {
        return leaves.first().copied();
    }
    let (l, r) = leaves.split_at(split(leaves.len()));
    join_sums(&sum_root(l)?, &sum_root(r)?)
}

/// Node of a sum tree: H(0x03 ‖ L ‖ sumL ‖ R ‖ sumR), and the sum of both; `None` when it overflows.
pub fn join_sums(left: &(Hash, u128), right: &(Hash, u128)) -> Option<(Hash, u128)> {
    let total = left.1.checked_add(right.1)?;
    let parts: [&[u8]; 5] =
        [&[3], &left.0, &left.1.to_le_bytes(), &right.0, &right.1.to_le_bytes()];
    Some((sha256(&parts), total))
}

#[cfg(test)]
mod tests {
    use super::*;
    const A: Hash = [1; 32];
    const B: Hash = [2; 32];
    const C: Hash = [3; 32];

    #[test]
    fn an_odd_leaf_is_promoted_not_duplicated() {
        let ab = sha256(&[&[1], &A, &B]);
        assert_eq!(root(&[A, B, C]), Some(sha256(&[&[1], &ab, &C])));
        assert_eq!(root(&[]), None);
    }

    #[test]
    fn sums_are_bound_into_the_root_and_checked() {
        let (one, total) = sum_root(&[(A, 1), (B, 2)]).unwrap_or_default();
        assert_eq!(total, 3);
        assert_ne!(Some((one, 3)), sum_root(&[(A, 2), (B, 1)]));
        assert_eq!(sum_root(&[(A, u128::MAX), (B, 1)]), None);
    }
}
