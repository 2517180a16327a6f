// One column of a group of rows, written.

// Whether the rows of a slice make up whole groups.
override WHOLE: bool;

fn write_access(group: Group, column: u32, held: Held, rows: Rows) {
    let element = element_at(group.at.result, column);
    let bits = outcome(held, column, rows);
    if !group.alive {
        return;
    }
    if WHOLE {
        write_result_whole(element, bits);
    } else {
        write_result(element, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(group.count), bits);
    }
}

// One column of each row may be an exception: it is written a second time.
fn write_exceptions(group: Group, rows: Rows) {
    for (var r = 0u; r < 4u; r++) { // unrolled
        let column = bits_of_row(exception_of(rows), r);
        if has_row(group, r) && column >= group.first && column < group.last {
            write_result_one(element_at(group.at.result, column) + r, bits_of_row(exceptional_of(rows), r));
        }
    }
}
