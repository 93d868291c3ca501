//! What readers can ask the runtime without knowing its storage layout.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use codec::Codec;
use tally_records::Hash;

sp_api::decl_runtime_apis! {
    /// Read access to the ledger at a block.
    pub trait TallyApi<AccountId: Codec> {
        /// A committed round.
        fn round(run: u32, round: u32) -> Option<RoundView>;
        /// A run.
        fn run(run: u32) -> Option<Run<AccountId>>;
        /// A node with its newest key.
        fn node(node: u32) -> Option<NodeView<AccountId>>;
        /// The eligible nodes among the ids `[from, from + limit)`, in the order of their ids; at
        /// most 1,024 ids a call. `Tally.NextNode` says where the ids end.
        fn members(from: u32, limit: u32) -> Vec<Member>;
        /// The random bytes in this deployment's genesis.
        fn instance() -> [u8; 32];
    }
}

impl<T: Config> Pallet<T> {
    /// See [`TallyApi`].
    pub fn node_view(id: NodeId) -> Option<NodeView<T::AccountId>> {
        let (node, current) = Self::node_and_key(id).ok()?;
        let organisation = Organisations::<T>::get(node.organisation)?;
        Some(NodeView {
            organisation: node.organisation,
            owner: node.owner,
            status: node.status,
            key_epoch: node.key_epoch,
            key: current.key,
            cap: current.cap,
            organisation_active: organisation.active,
        })
    }

    /// See [`TallyApi`].
    pub fn members(from: NodeId, limit: u32) -> Vec<Member> {
        let page_end = from.saturating_add(limit.min(MAX_MEMBERS_PAGE));
        let end = NextNode::<T>::get().min(page_end);
        (from..end).filter_map(Self::member).collect()
    }

    /// See [`TallyApi`].
    pub fn round_view(run: RunId, number: RoundNumber) -> Option<RoundView> {
        let round = Rounds::<T>::get(run, number)?;
        let is_void = Self::is_void(run, number);
        Some(RoundView {
            header: round.header,
            contrib_root: round.contrib_root(),
            included: round.included,
            sum_weight: round.sum_weight,
            committed_at_ms: round.committed_at_ms,
            status: if is_void { RoundStatus::Void } else { RoundStatus::Committed },
            is_final: Self::is_final(run, &Runs::<T>::get(run)?, number),
        })
    }

    fn member(node: NodeId) -> Option<Member> {
        let view = Self::node_view(node)?;
        let eligible = view.status == NodeStatus::Active && view.organisation_active;
        eligible.then_some(Member {
            node,
            key_epoch: view.key_epoch,
            key: view.key,
            cap: view.cap,
            organisation: view.organisation,
        })
    }

    /// See [`TallyApi`].
    pub fn instance() -> Hash {
        Instance::<T>::get()
    }
}
