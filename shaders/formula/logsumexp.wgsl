// lse = scale max + ln(sum): -infinity for a row of -infinity, +infinity for a row with +infinity, NaN for one with NaN

@group(0) @binding(6) var<storage, read_write> lse: array<u32>;

struct Row { lse: vec4<u32> } // if !SINK
struct Row { lse: vec4<u32>, sink: vec4<u32> } // if SINK

fn load_row(rows: vec4<u32>) -> Row {
    var row: Row;
    row.sink = load_sinks(rows);
    return row;
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(lse_of(s)); // if !SINK
    let sunk = with_sink(s, loaded.sink);
    return Row(lse_with(sunk, loaded.sink), set_nan(has_no_probs(sunk.statistic), sink_prob_of(sunk)));
}

fn store_row(index: u32, r: u32, row: Row) {
    lse[params.grid.bound_row + index] = row.lse[r];
    store_sink(index, row.sink[r]); // if SINK
}
