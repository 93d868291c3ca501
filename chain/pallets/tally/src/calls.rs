//! The calls: who may make them and what they cost. What they do is in the files of their parts.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registrar: registers an organisation, which is paid on `payout`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_organisation())]
        pub fn register_organisation(origin: OriginFor<T>, payout: T::AccountId) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_register_organisation(payout)
        }

        /// Registrar: takes an organisation's nodes out of every later cohort.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::suspend_organisation())]
        pub fn suspend_organisation(origin: OriginFor<T>, organisation: OrgId) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_suspend_organisation(organisation)
        }

        /// Owner: registers a node, pending its admission. `proof` is the key's signature over
        /// the record `pop` {chain, owner, key}.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::register_node())]
        pub fn register_node(
            origin: OriginFor<T>,
            organisation: OrgId,
            key: Key,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_register_node(owner, organisation, key, &proof)
        }

        /// Registrar: admits a pending node, or gives an active one another cap (a new key epoch
        /// with the same key).
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::admit_node())]
        pub fn admit_node(origin: OriginFor<T>, node: NodeId, cap: u64) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_admit_node(node, cap)
        }

        /// Owner: another key from this block on, proved as in `register_node`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::rotate_key())]
        pub fn rotate_key(
            origin: OriginFor<T>,
            node: NodeId,
            key: Key,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_rotate_key(owner, node, key, &proof)
        }

        /// Owner or registrar: takes a node out, for ever, from this block on.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::revoke_node())]
        pub fn revoke_node(origin: OriginFor<T>, node: NodeId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_revoke_node(who, node)
        }

        /// Researcher: proposes a run to a coordinator and puts its pot on hold.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::create_run())]
        pub fn create_run(
            origin: OriginFor<T>,
            coordinator: T::AccountId,
            terms: RunTerms,
            pot: u128,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_create_run(owner, coordinator, terms, pot)
        }

        /// Coordinator: opens a run that names it, and puts its bond on hold. `proof` is the key's signature over the record
        /// `pop` {chain, coordinator account, key}.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::accept_run())]
        pub fn accept_run(
            origin: OriginFor<T>,
            run: RunId,
            key: Key,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let coordinator = ensure_signed(origin)?;
            Self::do_accept_run(coordinator, run, key, &proof)
        }

        /// Coordinator: commits the run's next round. `signature` is the coordinator key's over
        /// the record `header`.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::commit_round())]
        pub fn commit_round(
            origin: OriginFor<T>,
            header: Header,
            signature: SignatureBytes,
        ) -> DispatchResult {
            let coordinator = ensure_signed(origin)?;
            Self::do_commit_round(coordinator, header, &signature)
        }

        /// Owner: ends a run of which no round is pending, and takes back what is not allotted.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::close_run())]
        pub fn close_run(origin: OriginFor<T>, run: RunId) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_close_run(owner, run)
        }

        /// Node's owner: agrees that the node takes part. Counts for tasks of this block and later
        /// ones; takes the place of an earlier consent.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::grant_consent())]
        pub fn grant_consent(
            origin: OriginFor<T>,
            run: RunId,
            node: NodeId,
            terms: ConsentTerms,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_grant_consent(owner, run, node, terms)
        }

        /// Node's owner: the node takes no part in tasks of this block and later ones, whether it
        /// had agreed or the run did not ask.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::revoke_consent())]
        pub fn revoke_consent(origin: OriginFor<T>, run: RunId, node: NodeId) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_revoke_consent(owner, run, node)
        }

        /// Anyone: asks the coordinator to show a part of a round that is not final. Puts a deposit
        /// on hold, which is burnt when the answer is right.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::demand())]
        pub fn demand(
            origin: OriginFor<T>,
            run: RunId,
            round: RoundNumber,
            subject: Subject,
        ) -> DispatchResult {
            let challenger = ensure_signed(origin)?;
            Self::do_demand(challenger, run, round, subject)
        }

        /// Anyone, as a rule the coordinator: answers a demand. An answer that is not right is
        /// refused and changes nothing; another may follow until the demand's deadline.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::answer())]
        pub fn answer(
            origin: OriginFor<T>,
            run: RunId,
            round: RoundNumber,
            demand: u32,
            answer: Answer,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_answer(run, round, demand, answer)
        }

        /// Anyone: proves a fault. Decided here: either it holds and its consequences follow, or
        /// the call is refused and costs its fee.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::dispute(fault.shown_leaves()))]
        pub fn dispute(origin: OriginFor<T>, fault: Fault) -> DispatchResult {
            let challenger = ensure_signed(origin)?;
            Self::do_dispute(challenger, fault)
        }

        /// Coordinator; after `settle_ms` anyone: settles the run's next epoch. `signature` is the
        /// coordinator key's over the record `epoch`; of anyone else it is not looked at. Whoever is
        /// not covered by the run's bond puts the same on hold until the epoch is final.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::settle_epoch())]
        pub fn settle_epoch(
            origin: OriginFor<T>,
            record: Epoch,
            signature: SignatureBytes,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_settle_epoch(who, record, &signature)
        }

        /// Anyone: has an account paid what it is entitled to by the run's newest final epoch.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim(
            origin: OriginFor<T>,
            run: RunId,
            epoch: u32,
            index: u32,
            leaf: Entitle,
            proof: SumProof,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_claim(run, epoch, Claim { index, leaf, proof })
        }

        /// Anyone: several claims at once; all of them hold or none is paid. Also gives back the bond
        /// of whoever settled that epoch, and in a closed run, when it is the last one, the rest of
        /// the pot: for that there need not be a claim.
        #[pallet::call_index(17)]
        #[pallet::weight(T::WeightInfo::claim_many(claims.len() as u32))]
        pub fn claim_many(
            origin: OriginFor<T>,
            run: RunId,
            epoch: u32,
            claims: BoundedVec<Claim, ConstU32<MAX_CLAIMS>>,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_claim_many(run, epoch, claims)
        }

        /// Payee or auditor, as a rule: freezes the run's payments until the registrar resolves.
        /// `reason` is the hash of a report. Puts a deposit on hold, which is burnt when the
        /// registrar does not agree.
        #[pallet::call_index(18)]
        #[pallet::weight(T::WeightInfo::object())]
        pub fn object(
            origin: OriginFor<T>,
            run: RunId,
            epoch: u32,
            reason: Hash,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_object(who, run, epoch, reason)
        }

        /// Registrar: decides an objection.
        #[pallet::call_index(19)]
        #[pallet::weight(T::WeightInfo::resolve())]
        pub fn resolve(
            origin: OriginFor<T>,
            run: RunId,
            epoch: u32,
            upheld: bool,
        ) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_resolve(run, epoch, upheld)
        }

        /// Anyone: leaves the hash of a report on a committed round. A deposit is on hold until the
        /// round is pruned.
        #[pallet::call_index(20)]
        #[pallet::weight(T::WeightInfo::attest())]
        pub fn attest(
            origin: OriginFor<T>,
            run: RunId,
            round: RoundNumber,
            verdict: Hash,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_attest(who, run, round, verdict)
        }

        /// Anyone: stops an open run whose coordinator is silent or late. Nothing is slashed.
        #[pallet::call_index(21)]
        #[pallet::weight(T::WeightInfo::halt())]
        pub fn halt(origin: OriginFor<T>, run: RunId, ground: Ground) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_halt(run, ground)
        }

        /// Owner: names another coordinator for a halted run of which nothing is pending; it goes
        /// on from the newest round that counts once that one calls `accept_run`.
        #[pallet::call_index(22)]
        #[pallet::weight(T::WeightInfo::replace_coordinator())]
        pub fn replace_coordinator(
            origin: OriginFor<T>,
            run: RunId,
            coordinator: T::AccountId,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_replace_coordinator(owner, run, coordinator)
        }

        /// Coordinator: signs with another key from the run's next round on, proved as in
        /// `accept_run`.
        #[pallet::call_index(23)]
        #[pallet::weight(T::WeightInfo::replace_coordinator_key())]
        pub fn replace_coordinator_key(
            origin: OriginFor<T>,
            run: RunId,
            key: Key,
            proof: SignatureBytes,
        ) -> DispatchResult {
            let coordinator = ensure_signed(origin)?;
            Self::do_replace_coordinator_key(coordinator, run, key, &proof)
        }

        /// Owner or registrar: removes up to `rounds` rounds of a closed run, the oldest first, with
        /// what was attested of them.
        #[pallet::call_index(24)]
        #[pallet::weight(T::WeightInfo::prune(*rounds))]
        pub fn prune(origin: OriginFor<T>, run: RunId, rounds: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_prune(who, run, rounds)
        }

        /// Registrar: ends the time of one operator, for ever: from the next block on no two blocks
        /// share a slot. Needs two authorities and no key that everybody knows.
        #[pallet::call_index(25)]
        #[pallet::weight(T::WeightInfo::graduate())]
        pub fn graduate(origin: OriginFor<T>) -> DispatchResult {
            Self::ensure_registrar(origin)?;
            Self::do_graduate()
        }
    }
}
