//! Roots and proofs of plain and sum trees in the shape of RFC 6962: an odd leaf is never duplicated.
use crate::{records::Record, sha256, Hash};
use alloc::vec::Vec;

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
    Some(sha256(&[&[1], &root(l)?, &root(r)?]))
}

/// Root and total of a sum tree; `None` without leaves or when a sum overflows.
pub fn sum_root(leaves: &[(Hash, u128)]) -> Option<(Hash, u128)> {
    if leaves.len() < 2 {
        return leaves.first().copied();
    }
    let (l, r) = leaves.split_at(split(leaves.len()));
    let ((lh, ls), (rh, rs)) = (sum_root(l)?, sum_root(r)?);
    let total = ls.checked_add(rs)?;
    Some((sha256(&[&[3], &lh, &ls.to_le_bytes(), &rh, &rs.to_le_bytes()]), total))
}

/// On which side of the path each step of a proof stands: the sides and the length are those of
/// RFC 6962 for (index, count), so a proof of another place or another length fits nothing.
struct Path {
    index: u32,
    last: u32,
}

/// Where the proof's next hash stands.
enum Side {
    Left,
    Right,
}

impl Path {
    fn new(index: u32, count: u32) -> Option<Self> {
        let last = count.checked_sub(1)?;
        (index <= last).then_some(Path { index, last })
    }

    fn is_root(&self) -> bool {
        self.last == 0
    }

    /// One level up; `None` at the root.
    fn step(&mut self) -> Option<Side> {
        if self.is_root() {
            return None;
        }
        let is_left = self.index & 1 == 1 || self.index == self.last;
        if is_left {
            // an odd leaf without a sibling was promoted: its next sibling is on a higher level
            while self.index & 1 == 0 {
                self.index >>= 1;
                self.last >>= 1;
            }
        }
        self.index >>= 1;
        self.last >>= 1;
        Some(if is_left { Side::Left } else { Side::Right })
    }
}

/// Root, count and total, as they stand together in one hashed record.
#[derive(Clone, Copy)]
pub struct Tree {
    /// Hash of the root; zeros without leaves.
    pub root: Hash,
    /// Leaves.
    pub count: u32,
    /// Their sum; 0 in a plain tree.
    pub total: u128,
}

/// True iff `leaf` is the leaf with this index of a plain tree.
pub fn verify(tree: &Tree, index: u32, leaf: Hash, proof: &[Hash]) -> bool {
    climb(Path::new(index, tree.count), leaf, proof) == Some(tree.root)
}

fn climb(path: Option<Path>, leaf: Hash, proof: &[Hash]) -> Option<Hash> {
    let mut path = path?;
    let mut hash = leaf;
    for other in proof {
        hash = match path.step()? {
            Side::Left => sha256(&[&[1], other, &hash]),
            Side::Right => sha256(&[&[1], &hash, other]),
        };
    }
    path.is_root().then_some(hash)
}

/// True iff `leaf`, a hash with its sum, is the leaf with this index of a sum tree.
pub fn verify_sum(tree: &Tree, index: u32, leaf: (Hash, u128), proof: &[(Hash, u128)]) -> bool {
    let found = climb_sum(Path::new(index, tree.count), leaf, proof);
    found == Some((tree.root, tree.total))
}

fn climb_sum(
    path: Option<Path>,
    leaf: (Hash, u128),
    proof: &[(Hash, u128)],
) -> Option<(Hash, u128)> {
    let mut path = path?;
    let mut node = leaf;
    for other in proof {
        let (left, right) = match path.step()? {
            Side::Left => (other, &node),
            Side::Right => (&node, other),
        };
        let sums = (left.1.to_le_bytes(), right.1.to_le_bytes());
        let hash = sha256(&[&[3], &left.0, &sums.0, &right.0, &sums.1]);
        node = (hash, left.1.checked_add(right.1)?);
    }
    path.is_root().then_some(node)
}

/// The hashes that `verify` wants for the leaf with this index; `None` when there is no such leaf.
pub fn proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if leaves.len() < 2 {
        return (index < leaves.len()).then(Vec::new);
    }
    let (l, r) = leaves.split_at(split(leaves.len()));
    let (mut steps, other) = match index.checked_sub(l.len()) {
        None => (proof(l, index)?, root(r)?),
        Some(index) => (proof(r, index)?, root(l)?),
    };
    steps.push(other);
    Some(steps)
}

/// The hashes and sums that `verify_sum` wants; `None` when there is no such leaf or a sum
/// overflows.
pub fn sum_proof(leaves: &[(Hash, u128)], index: usize) -> Option<Vec<(Hash, u128)>> {
    if leaves.len() < 2 {
        return (index < leaves.len()).then(Vec::new);
    }
    let (l, r) = leaves.split_at(split(leaves.len()));
    let (mut steps, other) = match index.checked_sub(l.len()) {
        None => (sum_proof(l, index)?, sum_root(r)?),
        Some(index) => (sum_proof(r, index)?, sum_root(l)?),
    };
    steps.push(other);
    Some(steps)
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
