//! Rows with nothing left.

use super::assert_same;
use crate::folder::*;

/// More queries than keys: the first ones see nothing.
#[test]
fn what_is_left_of_queries_before_all_keys() {
    let folder = Folder::new();
    folder.floats("t.npy", "(4, 2)", &[1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let half = 0.5_f32.ln();
    let cases = [
        ("softmax", "", [nan, nan, nan, nan, 1.0, 0.0, 0.5, 0.5]),
        (
            "softmax",
            "--masked-rows nan",
            [nan, nan, nan, nan, 1.0, 0.0, 0.5, 0.5],
        ),
        (
            "softmax",
            "--masked-rows zero",
            [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.5],
        ),
        (
            "log-softmax",
            "",
            [nan, nan, nan, nan, 0.0, -inf, half, half],
        ),
        (
            "log-softmax",
            "--masked-rows=zero",
            [-inf, -inf, -inf, -inf, 0.0, -inf, half, half],
        ),
    ];
    for engine in ENGINES {
        for (operation, flag, expected) in cases {
            let line = format!("{operation} t.npy --causal {flag} {engine}");
            folder.succeed(&format!("{line} -o v.npy"));
            assert_same(&parse(&folder.get("v.npy")).1, &expected, &line);
        }
        folder.succeed(&format!("logsumexp t.npy --causal -o v.npy {engine}"));
        assert_same(
            &parse(&folder.get("v.npy")).1,
            &[-inf, -inf, 0.0, -half],
            "lse",
        );
    }
}

/// Rows that are all `-inf` of their own are masked rows, too; and a NaN spoils its row under every policy.
#[test]
fn masked_rows_need_no_mask() {
    let folder = Folder::new();
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    folder.floats("t.npy", "(3, 2)", &[-inf, -inf, -inf, nan, 0.0, -inf]);
    for engine in ENGINES {
        folder.succeed(&format!(
            "softmax t.npy --masked-rows zero -o v.npy {engine}"
        ));
        assert_same(
            &parse(&folder.get("v.npy")).1,
            &[0.0, 0.0, nan, nan, 1.0, 0.0],
            "zeros",
        );
        folder.succeed(&format!("softmax t.npy -o v.npy {engine}"));
        assert_same(
            &parse(&folder.get("v.npy")).1,
            &[nan, nan, nan, nan, 1.0, 0.0],
            "NaN",
        );
    }
}
