use wgpu_softmax::*;
use wgpu_softmax::variant::*;
fn main(){
    let gpu = Gpu::open().unwrap();
    println!("{:?}", gpu.adapter_info().name);
    println!("{:?}", gpu.planner().abilities());
    let mut s=1u64; let mut rnd=||{ s^=s<<13; s^=s>>7; s^=s<<17; (s>>40) as f32/(1u64<<24) as f32*8.0-4.0};
    for (r,c) in [(5usize,7usize),(70001,3),(20,1000),(3,50257),(64,131072),(1,262144),(16384,128),(8192,1024),(65536,10),(2,1),(9,12)] {
        let x: Vec<f32> = (0..r*c).map(|_|rnd()).collect();
        let t=std::time::Instant::now();
        let y = gpu.softmax(&x,r).unwrap();
        let dt=t.elapsed();
        let mut worst=0f64;
        for i in 0..r { let row=&x[i*c..(i+1)*c]; let m=row.iter().cloned().fold(f32::MIN,f32::max) as f64; let s:f64=row.iter().map(|v|(*v as f64-m).exp()).sum();
            for j in 0..c { let e=(row[j] as f64-m).exp()/s; let d=(y[i*c+j] as f64-e).abs()/e; if d>worst||d.is_nan(){worst=d;} } }
        println!("{r}x{c} {} worst rel {worst:e} {dt:?}", gpu.kernel(Operation::Softmax,r,c).unwrap());
        let targets: Vec<i32>=(0..r).map(|i|(i*7%c) as i32).collect();
        for red in [Reduction::Mean, Reduction::None] {
        let out = gpu.cross_entropy(&CrossEntropySpec::new(r as u64,c as u64).reduction(red), &x,&targets,gpu::CrossEntropyWants{grad_logits:true,lse:true}).unwrap();
        let mut loss=0f64; let mut wg=0f64;
        for i in 0..r { let row=&x[i*c..(i+1)*c]; let m=row.iter().cloned().fold(f32::MIN,f32::max) as f64; let s:f64=row.iter().map(|v|(*v as f64-m).exp()).sum();
            loss+= m - row[targets[i] as usize] as f64 + s.ln();
            let d = if red==Reduction::Mean {r as f64} else {1.0};
            for j in 0..c { let e=((row[j] as f64-m).exp()/s - if j==targets[i] as usize {1.0} else {0.0})/d; let dd=((out.grad_logits.as_ref().unwrap()[i*c+j] as f64-e)*d).abs(); if dd>wg||dd.is_nan(){wg=dd;} } }
        println!("   {red:?} loss {} vs {} grad {wg:e} {:?}", out.losses[0], loss/r as f64, out.status);
        }
    }
}
