// lse = scale max + ln(sum), from the row's saved pair

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(9) var<storage, read_write> lse: array<u32>;

alias Starts = u32;
alias Row = vec2<u32>;

fn starts(row: u32) -> Starts {
    return row;
}

fn open_row(row: u32, at: Starts) -> Row {
    return pairs[params.grid.bound_row + row];
}

fn recall(opened: Row, index: u32) -> Row {
    return opened;
}

fn report(index: u32, row: Row) {
    lse[params.grid.bound_row + index] = lse_of_pair(row);
}
