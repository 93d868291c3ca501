//! Admissible Ed25519 keys, decided on bytes alone.

/// Field prime 2^255 − 19, little-endian.
const P: [u8; 32] = le(0xed, 0xff, 0x7f);
/// The five y < p of small order; both signs of each are refused. With the encodings of y ≥ p
/// (refused as not canonical) these are the 14 small-order encodings.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    le(1, 0, 0),
    le(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

const fn le(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut out = [middle; 32];
    out[0] = first;
    out[31] = last;
    out
}

/// True iff y < p and the key is not a small-order encoding.
pub fn is_admissible(key: &[u8; 32]) -> bool {
    let mut y = *key;
    y[31] &= 0x7f;
    y.iter().rev().lt(P.iter().rev()) && !SMALL_ORDER_Y.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_order_and_non_canonical_keys_are_refused_with_either_sign() {
        let refused =
            SMALL_ORDER_Y.iter().copied().chain([P, le(0xee, 0xff, 0x7f), le(0xff, 0xff, 0x7f)]);
        for mut key in refused {
            assert!(!is_admissible(&key));
            key[31] |= 0x80;
            assert!(!is_admissible(&key));
        }
    }

    #[test]
    fn the_two_order_eight_values_sum_to_p() {
        let mut carry = 0u16;
        for i in 0..32 {
            carry += u16::from(SMALL_ORDER_Y[3][i]) + u16::from(SMALL_ORDER_Y[4][i]);
            assert_eq!(carry as u8, P[i]);
            carry >>= 8;
        }
    }

    #[test]
    fn the_base_point_is_admissible() {
        assert!(is_admissible(&le(0x58, 0x66, 0x66)));
    }
}
