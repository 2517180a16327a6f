// What comes of excluded columns, written behind the others: guarded where they begin, and where the row ends.

fn write_blank(place: Place, at: Starts, first: u32, read: u32, last: u32, rows: Rows) {
    let step = access_step();
    let mine = first + 4u * place.lane;
    let blank = outcome(keep(nothing(), vec4<f32>(0.0)), first, rows);
    var ahead = whole_blocks(first, read, step);
    let edge = min(read, last) - first;
    for (; ahead < edge; ahead += step) {
        write_blank_guarded(at, mine + ahead, read, last, blank);
    }
    for (; ahead + 4u * step <= last - first; ahead += 4u * step) {
        let element = element_at(at.result, mine + ahead);
        write_result_whole(element, blank);
        write_result_whole(element + step, blank);
        write_result_whole(element + 2u * step, blank);
        write_result_whole(element + 3u * step, blank);
    }
    for (; ahead < last - first; ahead += step) {
        write_blank_guarded(at, mine + ahead, read, last, blank);
    }
}

fn write_blank_guarded(at: Starts, column: u32, read: u32, last: u32, blank: vec4<u32>) {
    let there = inside(column, last) & !inside(column, read);
    if any(there) {
        write_result(element_at(at.result, column), there, blank);
    }
}
