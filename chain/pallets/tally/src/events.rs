//! What the pallet tells.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An organisation may run nodes.
        OrganisationRegistered {
            /// Its id.
            organisation: OrgId,
            /// Its payout account.
            payout: T::AccountId,
        },
        /// An organisation's nodes are not eligible any more.
        OrganisationSuspended {
            /// Its id.
            organisation: OrgId,
        },
        /// A node asks to be admitted.
        NodeRegistered {
            /// Its id.
            node: NodeId,
            /// Its organisation.
            organisation: OrgId,
            /// Its owner.
            owner: T::AccountId,
            /// Its key.
            key: Key,
        },
        /// A node is eligible, with this cap from this block on.
        NodeAdmitted {
            /// Its id.
            node: NodeId,
            /// The key epoch that begins.
            key_epoch: u32,
            /// Most examples that count for its weight.
            cap: u64,
        },
        /// A node signs with another key from this block on.
        KeyRotated {
            /// Its id.
            node: NodeId,
            /// The key epoch that begins.
            key_epoch: u32,
            /// The key.
            key: Key,
        },
        /// A node is out from this block on.
        NodeRevoked {
            /// Its id.
            node: NodeId,
        },
        /// A run waits for its coordinator.
        RunCreated {
            /// Its id.
            run: RunId,
            /// Its owner.
            owner: T::AccountId,
            /// The coordinator that may accept it.
            coordinator: T::AccountId,
            /// What is on hold for it.
            pot: u128,
        },
        /// A run is open.
        RunAccepted {
            /// Its id.
            run: RunId,
            /// The key that signs its records.
            key: Key,
            /// What round 0 must name as its previous header.
            head: Hash,
        },
        /// A round is committed. Its header is in the call, the header's hash in [`Rounds`].
        RoundCommitted {
            /// Its run.
            run: RunId,
            /// Its number.
            round: RoundNumber,
        },
        /// A node's owner agrees that the node takes part.
        ConsentGranted {
            /// The run.
            run: RunId,
            /// The node.
            node: NodeId,
        },
        /// A node takes no part from this block on.
        ConsentRevoked {
            /// The run.
            run: RunId,
            /// The node.
            node: NodeId,
        },
        /// An epoch is settled.
        EpochSettled {
            /// Its run.
            run: RunId,
            /// Its number.
            epoch: u32,
            /// Its record's hash.
            record: Hash,
            /// All that is promised to payees since the run began.
            total: u128,
        },
        /// An account was paid.
        Claimed {
            /// By which run.
            run: RunId,
            /// Who.
            account: T::AccountId,
            /// How much.
            amount: u128,
        },
        /// Somebody objects to an epoch: the run pays nothing until the registrar resolves.
        EpochObjected {
            /// Its run.
            run: RunId,
            /// Its number.
            epoch: u32,
            /// Who objects.
            by: T::AccountId,
            /// The hash of a report.
            reason: Hash,
        },
        /// The registrar did not agree with an objection.
        ObjectionRejected {
            /// The run.
            run: RunId,
            /// The epoch.
            epoch: u32,
        },
        /// An epoch was found false; it and those after it do not count.
        EpochVoided {
            /// Its run.
            run: RunId,
            /// Its number.
            epoch: u32,
            /// Who showed it.
            challenger: T::AccountId,
            /// What was at stake and is gone.
            slashed: u128,
            /// The part of it that the challenger got; the rest is burnt.
            reward: u128,
        },
        /// Somebody wants a part of a round shown.
        Demanded {
            /// The run.
            run: RunId,
            /// The round.
            round: RoundNumber,
            /// The demand's number.
            demand: u32,
            /// Whose deposit is on hold.
            challenger: T::AccountId,
            /// What for.
            wanted: Wanted,
            /// Until when it can be answered.
            deadline_ms: u64,
        },
        /// A demand was answered; the answer is in the transaction.
        Answered {
            /// The run.
            run: RunId,
            /// The round.
            round: RoundNumber,
            /// The demand's number.
            demand: u32,
        },
        /// A coordinator was found out: its bond is gone, and rounds do not count.
        FaultProved {
            /// The run.
            run: RunId,
            /// The first number that does not count.
            from: RoundNumber,
            /// The number after the last; the run's next.
            until: RoundNumber,
            /// Who proved it.
            challenger: T::AccountId,
            /// What was taken from the coordinator.
            slashed: u128,
            /// What of it the challenger got; the rest is burnt.
            reward: u128,
            /// Whether the run has halted.
            is_halted: bool,
        },
        /// A run has stopped without a fault being proved.
        RunHalted {
            /// The run.
            run: RunId,
        },
        /// A run waits for another coordinator.
        CoordinatorReplaced {
            /// The run.
            run: RunId,
            /// The coordinator that may accept it.
            coordinator: T::AccountId,
        },
        /// A coordinator signs with another key.
        CoordinatorKeyReplaced {
            /// The run.
            run: RunId,
            /// The key.
            key: Key,
            /// The first round it signs.
            from_round: RoundNumber,
        },
        /// Somebody has judged a round.
        Attested {
            /// The run.
            run: RunId,
            /// The round.
            round: RoundNumber,
            /// Who.
            who: T::AccountId,
            /// Hash of the report.
            verdict: Hash,
        },
        /// Rounds of a closed run are gone.
        Pruned {
            /// The run.
            run: RunId,
            /// The first that is left.
            until: RoundNumber,
        },
        /// The chain has several operators from now on.
        Graduated,
        /// A run is over.
        RunClosed {
            /// Its id.
            run: RunId,
            /// What its owner got back.
            refund: u128,
        },
        /// The council has named another registrar.
        RegistrarSet {
            /// Its account.
            registrar: T::AccountId,
        },
    }
}
