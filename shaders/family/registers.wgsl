// LANES lanes a row, each with QUADS quads of it in registers: the row is read once and written once. Lane l holds
// the quads l, l + LANES, l + 2 LANES and so on. Serves rows of up to 4 LANES QUADS columns, and of more than
// 4 LANES (QUADS - 1): every quad but the last of a lane is whole, and so is the last one where the row is WHOLE.

override WHOLE: bool;

fn column_of_quad(place: Place, k: u32) -> u32 {
    return (k * LANES + place.lane) * 4u;
}

fn load_quad(at: Starts, column: u32, k: u32) -> Held {
    if WHOLE || k + 1u < QUADS {
        return load_whole(at, column);
    }
    return load_or_nothing(at, column, params.cols);
}

fn write_quad(at: Starts, column: u32, k: u32, bits: vec4<u32>) {
    if WHOLE || k + 1u < QUADS {
        write_result_whole(at.result + column, bits);
    } else if column < params.cols {
        write_result(at.result + column, min(params.cols - column, 4u), bits);
    }
}

@compute @workgroup_size(WORKGROUP)
fn registers(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let opened = open_row(task.row, at);

    var held: array<Held, QUADS>;
    var seen = empty_survey();
    for (var k = 0u; k < QUADS; k++) { // unrolled
        held[k] = load_quad(at, column_of_quad(place, k), k);
        seen = survey(seen, held[k]);
    }
    let extremes = merge_extremes(place, extremes_of(seen));

    var sums: Sums;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let column = column_of_quad(place, k);
        let weights = weigh(held[k], extremes.max);
        take(&sums, terms_of(held[k], opened, column, params.cols, weights, extremes.max), k + 1u);
        held[k] = keep(held[k], weights);
    }
    let row = conclude(opened, found_of(extremes, merge_totals(place, totals_of(sums))));
    if task.alive && place.lane == 0u {
        report(task.row, row);
    }

    if WRITES_RESULT && task.alive {
        for (var k = 0u; k < QUADS; k++) { // unrolled
            let column = column_of_quad(place, k);
            write_quad(at, column, k, outcome(held[k], column, row));
        }
    }
}
