//! Proofs that a leaf stands at a place of a tree (RFC 6962 §2.1.1, with the root's count given).
//!
//! A root does not bind its count: root, count and total must come from one hashed record.
use crate::{tree, Hash};

/// Where a leaf stands: number `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 0.
    pub index: u32,
    /// All leaves of the tree.
    pub count: u32,
}

/// True iff `leaf` stands at `place` of the plain tree with this root.
pub fn verify(root: &Hash, place: Place, leaf: Hash, proof: &[Hash]) -> bool {
    let join = |left: &Hash, right: &Hash| Some(tree::join(left, right));
    climb(place, leaf, proof, join) == Some(*root)
}

/// True iff `leaf` (its hash and what it adds) stands at `place` of the sum tree with this root
/// and total. Every addition is checked.
pub fn verify_sum(
    top: &(Hash, u128),
    place: Place,
    leaf: (Hash, u128),
    proof: &[(Hash, u128)],
) -> bool {
    climb(place, leaf, proof, tree::join_sums) == Some(*top)
}

/// The root that the proof leads to; `None` unless it has exactly the steps of its place.
fn climb<N>(place: Place, leaf: N, proof: &[N], join: impl Fn(&N, &N) -> Option<N>) -> Option<N> {
    if place.index >= place.count {
        return None;
    }
    let (mut at, mut width, mut node) = (place.index, place.count, leaf);
    let mut steps = proof.iter();
    while width > 1 {
        let is_right = at % 2 == 1;
        if is_right {
            node = join(steps.next()?, &node)?;
        } else if at < width - 1 {
            node = join(&node, steps.next()?)?;
        }
        at /= 2;
        width = width.div_ceil(2);
    }
    steps.next().is_none().then_some(node)
}
