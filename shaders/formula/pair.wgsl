// What is saved of a row: the pair (max, 1 / sum), NaN for a row without probabilities, and lse = scale max + ln(sum).

@group(0) @binding(7) var<storage, read_write> pairs: array<vec2<u32>>;
@group(0) @binding(9) var<storage, read_write> lse: array<u32>;

fn report(index: u32, statistic: Statistic) {
    pairs[params.grid.bound_row + index] = pair_of(statistic);
    lse[params.grid.bound_row + index] = lse_of(statistic);
}
