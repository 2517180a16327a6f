// The columns of groups of rows, written from what is known of each row.

fn write_column(group: Group, column: u32, rows: Rows) {
    let held = load_whole(group.at, column);
    write_access(group, column, keep(held, weigh(held, rows.max)), rows);
}

fn write_groups(groups: array<Group, GROUPS>, rows: array<Rows, GROUPS>) {
    let first = groups[0].first;
    let last = groups[0].last;
    let whole = first + whole_blocks(first, last, 4u);
    var column = first;
    for (; column < whole; column += 4u) {
        for (var k = 0u; k < 4u; k++) { // unrolled
            for (var g = 0u; g < GROUPS; g++) { // unrolled
                write_column(groups[g], column + k, rows[g]);
            }
        }
    }
    for (; column < last; column++) {
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            write_column(groups[g], column, rows[g]);
        }
    }
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        write_exceptions(groups[g], rows[g]);
    }
}
