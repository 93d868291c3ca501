//! What the pallet refuses.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// Why a call was refused; one for each check.
    #[pallet::error]
    pub enum Error<T> {
        /// Only the registrar may do this.
        NotRegistrar,
        /// No organisation has this id.
        UnknownOrganisation,
        /// The organisation is suspended.
        OrganisationSuspended,
        /// No node has this id.
        UnknownNode,
        /// Only the node's owner (to revoke: or the registrar) may do this.
        NotNodeOwner,
        /// The node has not been admitted.
        NodePending,
        /// The node is revoked, for ever.
        NodeRevoked,
        /// The key is not canonical, or of small order.
        KeyNotAdmissible,
        /// The key belongs, or belonged, to a node.
        KeyInUse,
        /// The proof is not by this key over this chain and account.
        BadProof,
        /// A cap is at least 1.
        ZeroCap,
        /// The node has this cap already.
        CapUnchanged,
        /// Ids or key epochs are used up.
        NumbersUsedUp,
        /// No run has this id.
        UnknownRun,
        /// Only the run's owner may do this.
        NotRunOwner,
        /// Only the run's coordinator may do this.
        NotCoordinator,
        /// The run has been accepted, or is closed.
        RunNotProposed,
        /// The run is not open.
        RunNotOpen,
        /// The run is closed.
        RunClosed,
        /// A run needs at least one node.
        ZeroMinNodes,
        /// `max_task_age_blocks` is 0 or above its limit.
        TaskAgeOutOfRange,
        /// A window is longer than 366 days.
        WindowTooLong,
        /// The newest round is still in its challenge window.
        RoundsPending,
        /// No coordinator key is in force for this round.
        NoCoordinatorKey,
        /// The header is of another chain.
        WrongChain,
        /// Only modes 0 (clear) and 2 (asynchronous) are supported.
        UnsupportedMode,
        /// The header's number is not the run's next one.
        WrongRound,
        /// The header does not follow the run's newest one.
        WrongPrev,
        /// The header does not start from the run's newest model.
        WrongModelBefore,
        /// included + excluded is not the cohort.
        WrongCohort,
        /// Fewer nodes than the run's minimum, and not none.
        TooFewIncluded,
        /// The weights sum to 2²² or more.
        WeightTooLarge,
        /// The weights sum to less than one for each contribution.
        WeightTooSmall,
        /// A round without contributions has weight.
        EmptyRoundHasWeight,
        /// A round without contributions changes the model.
        EmptyRoundChangesModel,
        /// A round without contributions changes the optimizer state.
        EmptyRoundChangesState,
        /// The root of contributions is zero iff there are none.
        WrongContribRoot,
        /// The root of exclusions is zero iff there are none.
        WrongExcludedRoot,
        /// The task's block is before the previous header's.
        AtBlockGoesBack,
        /// The task's block has not been built yet.
        AtBlockInFuture,
        /// The task's block is further back than the run allows.
        AtBlockTooOld,
        /// The round closed before the previous one.
        ClosedAtGoesBack,
        /// The round closed more than a minute after this block.
        ClosedAtInFuture,
        /// An epoch has 1 to 1,024 rounds.
        EpochRoundsOutOfRange,
        /// The cap of an organisation is 1 to 1,000,000 parts per million.
        CapOutOfRange,
        /// The budget of an epoch is more than half of what an account can hold.
        BudgetTooLarge,
        /// A demand is open.
        DemandsPending,
        /// The newest key has not signed a round yet.
        KeyNotUsedYet,
        /// The run has had its number of keys.
        TooManyKeys,
        /// A consent covers at least one round.
        NoRounds,
        /// A consent names at least one purpose.
        NoPurpose,
        /// The consent has been taken back already.
        ConsentRevoked,
        /// The node has changed its consent to this run too often; it can still take it back.
        TooManyConsents,
        /// The run has no budget to share out.
        RunDoesNotPay,
        /// The record does not follow the run's newest epoch: number, hash or first round.
        WrongEpoch,
        /// The record does not end at a round that counts, or names another header.
        WrongLastRound,
        /// A round of the epoch can still be voided.
        RoundNotFinal,
        /// An epoch covers 1 to `epoch_rounds` non-empty rounds.
        WrongEpochLength,
        /// The total is not what is allotted plus the epoch's budget.
        WrongTotal,
        /// There are no entitlements iff root and total are zero.
        WrongEntitleRoot,
        /// Others than the coordinator settle when it has been silent for `settle_ms`.
        SettlesTooEarly,
        /// An epoch before it can still be found false.
        EpochsPending,
        /// No such epoch counts.
        UnknownEpoch,
        /// The epoch's window is over.
        EpochIsFinal,
        /// The epoch can still be found false, or an objection in the run is open.
        EpochNotFinal,
        /// A newer epoch is final.
        EpochOutOfDate,
        /// The epoch is objected to already, or void.
        EpochNotSettled,
        /// Nobody objects to the epoch.
        NotObjected,
        /// The leaf does not stand there in the tree.
        WrongProof,
        /// The account has been paid all it is entitled to.
        NothingToClaim,
        /// More is claimed than is promised to payees.
        NotAllotted,
        /// What is shown fits the entitlements.
        FaultNotProven,
        /// Shown contributions stand by ascending round and index, and belong to the epoch.
        WrongShownLeaf,
        /// Only shares by weight and alike, without a cap, are decided on the chain.
        ShareNotDecidable,
        /// The run has no round with this number.
        UnknownRound,
        /// The round does not count.
        RoundVoid,
        /// The time for this is over.
        WindowOver,
        /// The round has fewer contributions.
        NoSuchLeaf,
        /// The record is of another run or round, or the two are of different ones.
        WrongPlace,
        /// The same is demanded already.
        DemandExists,
        /// As many demands are open as a run can have.
        TooManyDemands,
        /// No such demand is open.
        UnknownDemand,
        /// The answer is to another kind of demand.
        OtherSubject,
        /// The proof does not lead from the leaf to the round's root.
        BadPath,
        /// The receipt is not the one that the leaf or the promise names.
        OtherReceipt,
        /// A round with contributions closed above its minimum.
        RoundNotEmpty,
        /// The task is not the committed round's.
        OtherTask,
        /// The committed round's task is not one of this place in the run.
        WrongTask,
        /// No key of this epoch was in force at the task's block.
        KeyNotInForce,
        /// The proof does not lead from the member to the task's cohort.
        NotMember,
        /// The member is not the leaf's node with its key epoch and cap.
        WrongMember,
        /// The receipt says something else than the leaf, the task or the consent.
        WrongReceipt,
        /// The receipt is not signed by the node's key.
        BadReceiptSignature,
        /// The node's consent did not cover the round.
        NoConsent,
        /// The weight is not what the rule makes of examples, cap, unit and age.
        WrongWeight,
        /// The coordinator can still answer.
        AnswerNotDue,
        /// The leaves are in order.
        InOrder,
        /// The two records, or the committed one and this, are the same.
        SameRecord,
        /// The coordinator has committed a round, or accepted the run, within `halt_ms`.
        NotSilent,
        /// The promise's round is committed: demand its receipt.
        RoundCommitted,
        /// The promise is not due yet.
        PromiseNotDue,
        /// The run is not halted.
        RunNotHalted,
        /// Rounds were voided too often; the run can only be closed.
        TooManyVoids,
        /// One operator's time on this chain is over already.
        NotEmbedded,
        /// Fewer than two authorities.
        TooFewAuthorities,
        /// A key that everybody knows, or Sudo, is in use.
        DevelopmentKey,
        /// The round has as many attestations as it can have.
        TooManyAttests,
        /// The run is not closed.
        RunNotClosed,
        /// Nothing is left to prune.
        NothingToPrune,
        /// The header is not signed by the run's coordinator key.
        BadSignature,
    }
}
