// Rows side by side: the matrix is one of slices, each of grid.inner rows whose columns are grid.inner elements apart.
// An invocation serves GROUPS groups of four neighbouring rows, WORKGROUP groups from one to the next, so that
// neighbouring invocations have neighbouring groups. A slice may be split into parts, each of some columns. What lies past the
// end of a slice, or past the last one, reads what is there and writes nothing.

struct Group {
    // The first of its rows, and how many there are.
    row: u32,
    count: u32,
    // The columns of the part.
    first: u32,
    last: u32,
    part: u32,
    alive: bool,
    at: Starts,
}

fn group_of(place: Place, g: u32) -> Group {
    let index = (place.slot - place.local) * GROUPS + g * WORKGROUP + place.local;
    let band = index / params.grid.groups;
    let slice = band / params.grid.parts;
    let part = params.grid.first_part + band % params.grid.parts;
    let beside = 4u * (index % params.grid.groups);
    // A dispatch may serve some rows of one slice only.
    let rows = min(params.grid.inner, params.grid.rows - min(slice * params.grid.inner, params.grid.rows));
    let alive = beside < rows;
    let first = min(part * params.grid.part_cols, params.grid.cols);
    let last = min(first + params.grid.part_cols, params.grid.cols);
    let row = select(0u, slice * params.grid.inner + beside, alive);
    return Group(
        row,
        select(1u, min(4u, rows - beside), alive),
        select(0u, first, alive),
        select(0u, last, alive),
        part,
        alive,
        starts(row),
    );
}

// The r-th row of a group; in place of one that is not there, the last one.
fn row_of(group: Group, r: u32) -> u32 {
    return group.row + min(r, group.count - 1u);
}

fn has_row(group: Group, r: u32) -> bool {
    return group.alive && r < group.count;
}

fn open_rows(group: Group) -> Rows {
    var rows: Rows;
    for (var r = 0u; r < 4u; r++) { // unrolled
        let index = row_of(group, r);
        rows = beside(rows, r, open_row(index, starts(index)));
    }
    return rows;
}
