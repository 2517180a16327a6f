//! `--mask` of `cross-entropy` and `linear-cross-entropy`: an excluded class is one at -inf.

use crate::folder::*;

const INF: f32 = f32::INFINITY;
const OPTIONS: [&str; 5] = [
    "",
    "--z-loss 0.01 --scale 0.5 --reduction sum",
    "--weight w.npy --z-loss 0.01",
    "--row-weight v.npy",
    "--reduction none --grad-losses v.npy",
];
const KEPT: [u8; 12] = [1, 1, 1, 0, 1, 0, 1, 1, 0, 9, 1, 0];

/// Writes `m.npy`, a mask of all logits, `c.npy`, one of the classes, and logits `a.npy` and `b.npy` with -inf where these exclude;
/// in `x.npy`, the logits are NaN where both do.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.floats("w.npy", "(4,)", &[1.0, 2.0, 0.5, 1.0]);
    folder.floats("v.npy", "(3,)", &[0.5, 4.0, 3.0]);
    folder.put("m.npy", &npy(1, "|b1", false, "(3, 4)", &KEPT));
    folder.put("c.npy", &npy(1, "|b1", false, "(1, 4)", &[1, 1, 0, 0]));
    let excluded = |keeps: &dyn Fn(usize) -> bool| -> Vec<f32> {
        let value = |(place, &x): (usize, &f32)| if keeps(place) { x } else { -INF };
        X.iter().enumerate().map(value).collect()
    };
    folder.floats("a.npy", "(3, 4)", &excluded(&|place| KEPT[place] != 0));
    folder.floats("b.npy", "(3, 4)", &excluded(&|place| place % 4 < 2));
    let mut spoilt = X;
    spoilt[3] = f32::NAN;
    folder.floats("x.npy", "(3, 4)", &spoilt);
    folder
}

fn values(folder: &Folder, name: &str) -> Vec<f32> {
    parse(&folder.get(name)).1
}

#[test]
fn an_excluded_class_is_one_at_minus_infinity() {
    let folder = folder();
    for engine in ENGINES {
        for options in OPTIONS {
            for (mask, logits) in [("m.npy", "a.npy"), ("c.npy", "b.npy")] {
                let line = format!("y.npy --ignore-index -100 {options} {engine}");
                let run = |start: &str| {
                    folder.succeed(&format!("{start} {line} -o o.npy --lse l.npy --grad g.npy"));
                    ["o.npy", "l.npy", "g.npy"].map(|name| values(&folder, name))
                };
                let found = run(&format!("cross-entropy x.npy --mask {mask}"));
                let expected = run(&format!("cross-entropy {logits}"));
                for (found, expected) in found.iter().zip(&expected) {
                    super::assert_same(found, expected, &format!("{mask} {line}"));
                }
            }
        }
    }
}

/// The first axis: each column of the file is a row.
#[test]
fn masks_follow_the_axis() {
    let folder = folder();
    let ids = bytes([0_i64, 2, 2, 2].map(i64::to_le_bytes));
    folder.put("t.npy", &npy(1, "<i8", false, "(4,)", &ids));
    for engine in ENGINES {
        let line = format!("t.npy --axis 0 --reduction none {engine} -o o.npy --grad g.npy");
        let run = |start: &str| {
            folder.succeed(&format!("{start} {line}"));
            [values(&folder, "o.npy"), values(&folder, "g.npy")].concat()
        };
        let found = run("cross-entropy x.npy --mask m.npy");
        super::assert_same(&found[..3], &run("cross-entropy a.npy")[..3], &line);
        // The last target is excluded: its loss is infinite, and its gradient 0.
        assert_eq!((found[3], found[4 + 11]), (INF, 0.0), "{line}");
    }
}

/// With the unit matrix for a weight, the logits are hidden.
#[test]
fn linear_layers_have_masks_of_their_classes() {
    let folder = folder();
    folder.floats("h.npy", "(3, 4)", &X);
    let unit: Vec<f32> = (0..16).map(|n| f32::from(u8::from(n % 5 == 0))).collect();
    folder.floats("unit.npy", "(4, 4)", &unit);
    for engine in ENGINES {
        for mask in ["m.npy", "c.npy"] {
            let line = format!("y.npy --ignore-index -100 --mask {mask} {engine}");
            folder.succeed(&format!("cross-entropy h.npy {line} -o o.npy --grad g.npy"));
            let expected = [values(&folder, "o.npy"), values(&folder, "g.npy")].concat();
            folder.succeed(&format!(
                "linear-cross-entropy h.npy unit.npy {line} --chunk-rows 2 -o o.npy --grad-hidden g.npy"
            ));
            let found = [values(&folder, "o.npy"), values(&folder, "g.npy")].concat();
            super::assert_same(&found, &expected, &line);
        }
    }
}

#[test]
fn other_masks_of_a_loss_are_refused() {
    let folder = folder();
    folder.floats("h.npy", "(3, 2)", &[0.0; 6]);
    folder.floats("layer.npy", "(4, 2)", &[0.0; 8]);
    folder.put("short.npy", &npy(1, "|b1", false, "(3,)", &[1, 1, 1]));
    let lines = [
        "cross-entropy x.npy y.npy --ignore-index -100",
        "linear-cross-entropy h.npy layer.npy y.npy --ignore-index -100",
    ];
    for line in lines {
        for engine in ENGINES {
            let line = |mask: &str| format!("{line} -o out.npy --mask {mask} {engine}");
            folder.fail(
                &line("w.npy"),
                2,
                &["w.npy", "a mask of bool, for a loss", "found float32"],
            );
            folder.fail(
                &line("short.npy"),
                2,
                &["short.npy", "broadcasts", "[3] for logits of shape [3, 4]"],
            );
        }
    }
}
