//! Sinks on softmax, log-softmax and logsumexp, and their gradients.

use super::{INF, NAN, all_nan, assert_close};
use wgpu_softmax::EmptyRows;
use wgpu_softmax::check::Inputs;
use wgpu_softmax::reference::{
    Columns, Masked, log_softmax, log_softmax_grad_sinks, logsumexp, logsumexp_backward,
    logsumexp_grad_sinks, sink_probs, softmax, softmax_backward, softmax_grad_sinks,
};

/// The divisor of softmax1 is greater by 1: numbers computed in decimal arithmetic.
#[test]
fn a_sink_of_zero_is_softmax1() {
    let of = Masked::new(3).sinks(&[0.0], 1);
    let logits = [1.0, 2.0, 3.0];
    let divisor: f64 = 31.192_874_850_577_363;
    let expected = [1.0_f64, 2.0, 3.0].map(|x| x.exp() / divisor);
    assert_close(&softmax(&logits, of), &expected, 1e-15);
    assert_close(&log_softmax(&logits, of), &expected.map(f64::ln), 1e-15);
    assert_close(&logsumexp(&logits, of), &[divisor.ln()], 1e-15);
    assert_close(&sink_probs(&logits, of), &[1.0 / divisor], 1e-15);
}

/// A sink is a column that is cut off again, whatever the scale and the mask of the others.
#[test]
fn a_sink_is_a_column_without_a_result() {
    let (rows, cols, scale) = (12, 7, 0.3);
    let logits = Inputs::Flat.logits(rows, cols, 1);
    let added = Inputs::Flat.logits(rows, cols, 2);
    let kept: Vec<bool> = (0..rows * cols).map(|place| place % 5 != 1).collect();
    let sinks = [0.25, -3.0, 40.0];
    let masked = Masked::new(Columns::new(cols).scale(scale))
        .additive(&added)
        .kept(&kept);
    let found = masked.sinks(&sinks, 2);
    let probs = softmax(&logits, found);
    let log_probs = log_softmax(&logits, found);
    let (lse, sink_probs) = (logsumexp(&logits, found), sink_probs(&logits, found));
    for row in 0..rows {
        let places = row * cols..(row + 1) * cols;
        let seen = |place: usize| match kept[place] {
            true => f64::from(scale) * f64::from(logits[place]) + f64::from(added[place]),
            false => f64::NEG_INFINITY,
        };
        let sink = f64::from(sinks[row / 2 % 3]);
        let whole: Vec<f64> = places.clone().map(seen).chain([sink]).collect();
        let [all, logs] = [softmax(&whole, cols + 1), log_softmax(&whole, cols + 1)];
        assert_close(&probs[places.clone()], &all[..cols], 1e-15);
        assert_close(&sink_probs[row..=row], &all[cols..], 1e-15);
        assert_close(&lse[row..=row], &logsumexp(&whole, cols + 1), 1e-14);
        for (found, expected) in log_probs[places].iter().zip(logs) {
            assert!(*found == expected || (found - expected).abs() < 1e-13);
        }
    }
}

#[test]
fn special_sinks() {
    let of = |sink: f32| {
        let (sinks, logits) = ([sink], [1.0, -INF]);
        let of = Masked::new(2).sinks(&sinks, 1);
        [
            softmax(&logits, of),
            log_softmax(&logits, of),
            logsumexp(&logits, of),
            sink_probs(&logits, of),
        ]
    };
    let none = f64::NEG_INFINITY;
    assert_eq!(
        of(-INF),
        [vec![1.0, 0.0], vec![0.0, none], vec![1.0], vec![0.0]]
    );
    for sink in [NAN, INF] {
        let [p, w, lse, p_k] = of(sink);
        assert!(all_nan(&p) && all_nan(&w) && all_nan(&p_k));
        assert_eq!(lse[0].is_nan(), sink.is_nan());
    }
}

/// A finite sink is left of a row with nothing left; one of -inf is not.
#[test]
fn rows_with_nothing_left_but_a_sink() {
    let logits = [-INF; 4];
    for empty_rows in [EmptyRows::Nan, EmptyRows::Zero] {
        let of = Masked::new(2)
            .sinks(&[-7.0, -INF], 1)
            .empty_rows(empty_rows);
        let (p, w) = (softmax(&logits, of), log_softmax(&logits, of));
        assert_eq!(p[..2], [0.0; 2]);
        assert_eq!(w[..2], [f64::NEG_INFINITY; 2]);
        assert_eq!(logsumexp(&logits, of), [-7.0, f64::NEG_INFINITY]);
        let p_k = sink_probs(&logits, of);
        assert_eq!(p_k[0], 1.0);
        match empty_rows {
            EmptyRows::Zero => assert_eq!((p[2], p_k[1]), (0.0, 0.0)),
            _ => assert!(p[2].is_nan() && p_k[1].is_nan()),
        }
    }
}

/// The derivatives by the sink and by the logits, as differences.
#[test]
fn gradients_are_differences() {
    let (logits, g) = ([0.5, -1.0, 2.0_f64], [0.3, -0.7, 1.1_f64]);
    let (sink, scale, step) = (0.8_f64, 0.5_f32, 1e-6);
    let columns = Columns::new(3).scale(scale);
    let of = |logits: &[f64], sink: f64| {
        let sinks = [sink];
        let of = Masked::new(columns).sinks(&sinks, 1);
        let dot = |values: Vec<f64>| values.iter().zip(g).map(|(y, g)| y * g).sum::<f64>();
        [
            dot(softmax(logits, of)),
            dot(log_softmax(logits, of)),
            g[0] * logsumexp(logits, of)[0],
        ]
    };
    let sinks = [sink];
    let masked = Masked::new(columns).sinks(&sinks, 1);
    let (p, w) = (softmax(&logits, masked), log_softmax(&logits, masked));
    let p_k = sink_probs(&logits, masked);
    let found = [
        softmax_grad_sinks(&p, &g, &p_k, 3)[0],
        log_softmax_grad_sinks(&w, &g, &p_k, 3)[0],
        logsumexp_grad_sinks(&logits, &g[..1], masked)[0],
    ];
    let (above, below) = (of(&logits, sink + step), of(&logits, sink - step));
    for (found, (above, below)) in found.iter().zip(above.iter().zip(below)) {
        assert!((found - (above - below) / (2.0 * step)).abs() < 1e-9);
    }
    // The probabilities sum to less than 1.
    let by_logits = softmax_backward(&p, &g, columns);
    let of_lse = logsumexp_backward(&logits, &g[..1], masked);
    for place in 0..3 {
        let moved = |step: f64| {
            let mut logits = logits;
            logits[place] += step;
            of(&logits, sink)
        };
        let (above, below) = (moved(step), moved(-step));
        let difference = |of: usize| (above[of] - below[of]) / (2.0 * step);
        assert!((by_logits[place] - difference(0)).abs() < 1e-9);
        assert!((of_lse[place] - difference(2)).abs() < 1e-9);
    }
}

#[test]
fn what_is_not_finite_spoils_the_gradient_of_its_sink() {
    let of = softmax_grad_sinks(&[0.5, 0.25], &[1.0, 2.0], &[0.25], 2);
    assert_eq!(of, [-0.25]);
    assert!(all_nan(&softmax_grad_sinks(
        &[0.5, NAN],
        &[1.0, 2.0],
        &[0.25],
        2
    )));
    assert!(all_nan(&softmax_grad_sinks(
        &[0.5, 0.25],
        &[1.0, INF],
        &[0.25],
        2
    )));
    assert!(all_nan(&softmax_grad_sinks(
        &[0.5, 0.25],
        &[1.0, 2.0],
        &[NAN],
        2
    )));
    let of = |w: f32| log_softmax_grad_sinks(&[-1.0, w], &[1.0, 2.0], &[0.25], 2);
    assert_eq!(of(-INF), [-0.75]);
    assert!(all_nan(&of(NAN)) && all_nan(&of(INF)));
}

#[test]
#[should_panic(expected = "at least one sink")]
fn no_sinks() {
    let _ = Masked::<f32>::new(2).sinks(&[], 1);
}
