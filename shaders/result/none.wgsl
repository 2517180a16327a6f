// The operation writes per row only: the row is not visited a second time.

const WRITES_RESULT: bool = false;

fn write_result_whole(element: u32, bits: vec4<u32>) {
}

fn write_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
}

fn write_result_one(element: u32, bits: u32) {
}
