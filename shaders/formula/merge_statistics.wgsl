// The pair of a row and its lse = scale max + ln(sum), from the merged statistic

@group(0) @binding(7) var<storage, read_write> pairs: array<vec2<u32>>;
@group(0) @binding(9) var<storage, read_write> lse: array<u32>;

struct Row { pair: Pair, lse: vec4<u32> }

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(pair_of(s), lse_of(s));
}

fn store_row(index: u32, r: u32, row: Row) {
    pairs[params.grid.bound_row + index] = vec2<u32>(row.pair.max[r], row.pair.inverse_sum[r]);
    lse[params.grid.bound_row + index] = row.lse[r];
}
