// What comes of excluded columns, written.

fn write_blank(place: Place, at: Starts, first: u32, last: u32, rows: Rows) {
    let step = access_step();
    let mine = first + 4u * place.lane;
    let whole = whole_blocks(first, last, 4u * step);
    let blank = outcome(keep(nothing(), vec4<f32>(0.0)), first, rows);
    var ahead = 0u;
    for (; ahead < whole; ahead += 4u * step) {
        let element = element_at(at.result, mine + ahead);
        write_result_whole(element, blank);
        write_result_whole(element + step, blank);
        write_result_whole(element + 2u * step, blank);
        write_result_whole(element + 3u * step, blank);
    }
    for (; ahead < last - first; ahead += step) {
        let column = mine + ahead;
        if any_inside(column, last) {
            write_result(element_at(at.result, column), inside(column, last), blank);
        }
    }
}
