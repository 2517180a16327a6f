// The first of two dispatches over rows that are split into parts, LANES lanes a part: the part is read once and
// its statistic kept.

@compute @workgroup_size(WORKGROUP)
fn partial(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let statistic = fold_range(place, starts(task.row), task.first, task.last);
    if task.alive && place.lane == 0u {
        let bits = bitcast<vec2<u32>>(vec2<f32>(statistic.max, statistic.sum));
        partials[task.row * params.records + params.first_record + task.part] = vec4<u32>(bits, statistic.special, 0u);
    }
}
