//! What makes a contribution true: everything that the coordinator must be able to show of a leaf.

use crate::{
    checks, consents::covers, consents::Occasion, demands::is_contribution, evidence::*, pallet::*,
    types::*, RunOf,
};
use frame_support::ensure;
use tally_records::{
    records::{receipt_hash, Contrib, Genesis, Member, Receipt, Record, Task},
    tree::{self, Tree},
    Hash,
};

/// A committed round of a run.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a, T: Config> {
    /// The run's number.
    pub id: RunId,
    /// The run.
    pub run: &'a RunOf<T>,
    /// The round's number.
    pub number: RoundNumber,
    /// The round.
    pub round: &'a Round,
}

impl<T: Config> Pallet<T> {
    /// The leaf stands where the demand says, and rests on a task of this round, a member of its
    /// cohort, a key and a consent in force, a signed receipt, and the weight rule.
    pub(crate) fn ensure_leaf(
        at: &Place<'_, T>,
        index: u32,
        evidence: &LeafEvidence,
    ) -> Result<(), Error<T>> {
        let LeafEvidence { task, leaf, receipt, member, .. } = evidence;
        ensure!(is_contribution(at.round, index, leaf, &evidence.proof), Error::BadPath);
        Self::ensure_task(at, task)?;
        let key = Self::key_at(leaf.node, leaf.key_epoch, at.round.at_block)?;
        ensure!(is_member(evidence), Error::NotMember);
        let (Weighting::Examples { cap } | Weighting::Equal { cap }) = at.run.weighting;
        let rightful = Member { cap: key.cap.min(cap), ..entry_of(leaf) };
        ensure!(*member == rightful, Error::WrongMember);
        let lag = Self::ensure_receipt(at, leaf, receipt, &key)?;
        let weight = weight_of(at.run.weighting, leaf.num_examples, (member.cap, task.unit), lag);
        ensure!(weight == Some(leaf.weight), Error::WrongWeight);
        Ok(())
    }

    /// The committed round's task, and one that this run's chain of headers leads to.
    fn ensure_task(at: &Place<'_, T>, task: &Task) -> Result<(), Error<T>> {
        ensure!(task.hash() == at.round.task, Error::OtherTask);
        let before = Self::newest_before(at.id, at.number).and_then(|n| Rounds::<T>::get(at.id, n));
        let (prev, model, state) = match before {
            Some(round) => (round.header, round.model, round.state),
            None => (Self::first_head(at.id, at.run), at.run.genesis_model, Hash::default()),
        };
        let cohort = at.round.included.checked_add(at.round.excluded);
        let rightful = Task {
            chain: Self::chain(),
            run: at.id,
            round: at.number,
            prev,
            spec: at.run.spec,
            model,
            state,
            at_block: at.round.at_block,
            cohort: cohort.ok_or(Error::WrongCohort)?,
            ..task.clone()
        };
        ensure!(*task == rightful && task.unit.is_power_of_two(), Error::WrongTask);
        Ok(())
    }

    /// Hash of the genesis record, which round 0 follows.
    pub(crate) fn first_head(id: RunId, run: &RunOf<T>) -> Hash {
        let model = run.genesis_model;
        Genesis { chain: Self::chain(), run: id, spec: run.spec, model }.hash()
    }

    /// A node's key that was in force at a block, in an organisation that was active.
    fn key_at(id: NodeId, epoch: u32, at_block: u32) -> Result<NodeKey, Error<T>> {
        let node = Nodes::<T>::get(id).ok_or(Error::UnknownNode)?;
        let key = NodeKeys::<T>::get(id, epoch).ok_or(Error::KeyNotInForce)?;
        let in_force = key.from_block <= at_block && key.until_block.is_none_or(|b| at_block < b);
        ensure!(in_force, Error::KeyNotInForce);
        let organisation = Organisations::<T>::get(node.organisation);
        let organisation = organisation.ok_or(Error::UnknownOrganisation)?;
        let was_active = organisation.active || at_block < organisation.since;
        ensure!(was_active, Error::OrganisationSuspended);
        Ok(key)
    }

    /// The receipt is the leaf's, of a task that was this run's, with consent, and signed. Returns
    /// how many rounds ago it was asked for.
    fn ensure_receipt(
        at: &Place<'_, T>,
        leaf: &Contrib,
        signed: &Signed<Receipt>,
        key: &NodeKey,
    ) -> Result<u32, Error<T>> {
        let Signed { record: receipt, signature } = signed;
        ensure!(receipt_hash(receipt, signature) == leaf.receipt, Error::OtherReceipt);
        let asked = Self::asked_in(at, receipt.round)?;
        let policy = Self::ensure_consent(at, leaf.node)?;
        let policy = if asked == *at.round {
            policy
        } else {
            let number = receipt.round;
            Self::key_at(leaf.node, leaf.key_epoch, asked.at_block)?;
            Self::ensure_consent(&Place { number, round: &asked, ..*at }, leaf.node)?
        };
        let before = Self::newest_before(at.id, receipt.round);
        let before = before.and_then(|number| Rounds::<T>::get(at.id, number));
        let rightful = Receipt {
            chain: Self::chain(),
            run: at.id,
            prev: before.map_or_else(|| Self::first_head(at.id, at.run), |round| round.header),
            task: asked.task,
            node: leaf.node,
            key_epoch: leaf.key_epoch,
            update: leaf.update,
            num_examples: leaf.num_examples,
            policy,
            ..receipt.clone()
        };
        ensure!(*receipt == rightful && receipt.num_examples > 0, Error::WrongReceipt);
        ensure!(checks::signed(receipt, &key.key, signature), Error::BadReceiptSignature);
        at.number.checked_sub(receipt.round).ok_or(Error::WrongReceipt)
    }

    /// The round whose task the receipt is for: the one that counts it, or in an asynchronous
    /// round one of the [`MAX_LAG`] before it.
    fn asked_in(at: &Place<'_, T>, asked: RoundNumber) -> Result<Round, Error<T>> {
        let lag = at.number.checked_sub(asked).ok_or(Error::WrongReceipt)?;
        let allowed = if at.round.mode == ASYNCHRONOUS { MAX_LAG } else { 0 };
        ensure!(lag <= allowed && !Self::is_void(at.id, asked), Error::WrongReceipt);
        Rounds::<T>::get(at.id, asked).ok_or(Error::WrongReceipt)
    }

    /// The node's owner agreed, or did not have to; the policy that its receipt must name.
    fn ensure_consent(at: &Place<'_, T>, node: NodeId) -> Result<Hash, Error<T>> {
        let Round { at_block, closed_at_ms: at_ms, .. } = *at.round;
        let consent = Self::consent_at(at.id, node, at_block);
        let occasion = Occasion { round: at.number, at_block, at_ms };
        ensure!(covers(at.run, consent.as_ref(), &occasion), Error::NoConsent);
        Ok(consent.map_or_else(Hash::default, |consent| consent.policy))
    }
}

fn entry_of(leaf: &Contrib) -> Member {
    Member { node: leaf.node, key_epoch: leaf.key_epoch, cap: 0 }
}

fn is_member(evidence: &LeafEvidence) -> bool {
    let LeafEvidence { task, member, member_index, member_proof, .. } = evidence;
    let tree = Tree { root: task.cohort_root, count: task.cohort, total: 0 };
    tree::verify(&tree, *member_index, tree::leaf(member), member_proof)
}

/// Most rounds an update of an asynchronous round may be old.
pub(crate) const MAX_LAG: u32 = 64;

/// round(2¹⁶ ÷ √(1 + lag)): FedBuff's discount (arXiv 2106.06639, §5.1) as integers.
const DISCOUNTS: [u64; 65] = [
    65_536, 46_341, 37_837, 32_768, 29_309, 26_755, 24_770, 23_170, 21_845, 20_724, 19_760, 18_919,
    18_176, 17_515, 16_921, 16_384, 15_895, 15_447, 15_035, 14_654, 14_301, 13_972, 13_665, 13_377,
    13_107, 12_853, 12_612, 12_385, 12_170, 11_965, 11_771, 11_585, 11_408, 11_239, 11_078, 10_923,
    10_774, 10_631, 10_494, 10_362, 10_235, 10_112, 9_994, 9_880, 9_770, 9_663, 9_559, 9_459,
    9_362, 9_268, 9_177, 9_088, 9_002, 8_918, 8_837, 8_758, 8_680, 8_605, 8_532, 8_461, 8_391,
    8_323, 8_257, 8_192, 8_129,
];

/// The weight rule (protocol §1.4); `None` for a unit of zero or a lag outside the table.
pub(crate) fn weight_of(
    weighting: Weighting,
    num_examples: u64,
    (cap, unit): (u64, u64),
    lag: u32,
) -> Option<u64> {
    let whole = match weighting {
        Weighting::Examples { .. } => num_examples.min(cap).checked_div(unit)?.max(1),
        Weighting::Equal { .. } => 1,
    };
    let discount = DISCOUNTS.get(usize::try_from(lag).ok()?)?;
    // below 2⁶⁴ · 2¹⁶
    let less = u128::from(whole).checked_mul(u128::from(*discount))? >> 16;
    u64::try_from(less.max(1)).ok()
}
