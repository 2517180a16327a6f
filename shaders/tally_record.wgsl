// What is known of all rows together. Counts are exact. The last three are the bits of f32: sums until the record is
// published, and then loss and z_loss are the reduced ones, loss with z_loss in it. Two records merge into one; the empty
// one changes nothing.

struct Tally {
    valid_rows: u32,
    bad_targets: u32,
    first_bad_row: u32,
    nan_rows: u32,
    infinite_rows: u32,
    weight_sum: u32,
    loss: u32,
    z_loss: u32,
}

const NO_ROW: u32 = 0xffffffffu;

fn empty_tally() -> Tally {
    return Tally(0u, 0u, NO_ROW, 0u, 0u, 0u, 0u, 0u);
}

fn merge_tallies_of(a: Tally, b: Tally) -> Tally {
    return Tally(
        a.valid_rows + b.valid_rows,
        a.bad_targets + b.bad_targets,
        min(a.first_bad_row, b.first_bad_row),
        a.nan_rows + b.nan_rows,
        a.infinite_rows + b.infinite_rows,
        plus(a.weight_sum, b.weight_sum),
        plus(a.loss, b.loss),
        bounded(plus(a.z_loss, b.z_loss)),
    );
}
