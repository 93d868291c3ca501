//! Demands and their answers.

use crate::{evidence::*, pallet::*, types::*};
use frame_support::dispatch::DispatchResult;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_demand(
        _who: T::AccountId,
        _run: RunId,
        _round: RoundNumber,
        _subject: Subject,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }

    pub(crate) fn do_answer(
        _run: RunId,
        _round: RoundNumber,
        _demand: u32,
        _answer: Answer,
    ) -> DispatchResult {
        Err(Error::<T>::NotBuilt.into())
    }
}
