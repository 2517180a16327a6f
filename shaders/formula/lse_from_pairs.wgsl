// lse = scale max + ln(sum), from the saved pair of the row

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(9) var<storage, read_write> lse: array<u32>;

struct Row { lse: vec4<u32> }

fn load_saved(loaded: Row, rows: vec4<u32>) -> Row {
    let pair = pairs[params.grid.bound_row + rows.x];
    return Row(lse_of_pair(Pair(vec4<u32>(pair.x), vec4<u32>(pair.y))));
}

fn store_row(index: u32, r: u32, row: Row) {
    lse[params.grid.bound_row + index] = row.lse[r];
}
