//! What an author puts into a block besides transactions: the time and its slot.

use sp_consensus_aura::{inherents::InherentDataProvider as Slot, SlotDuration};
use sp_timestamp::InherentDataProvider as Timestamp;

/// The present time and the slot it lies in.
pub fn now(duration: SlotDuration) -> (Slot, Timestamp) {
    let timestamp = Timestamp::from_system_time();
    (Slot::from_timestamp_and_slot_duration(*timestamp, duration), timestamp)
}
