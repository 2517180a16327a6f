//! A Vulkan device that compiles pipelines, and what its driver says of them.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};

use ash::{khr, vk};

use crate::spirv::Compiled;

/// What a driver says of a pipeline: its statistics, and its assembly.
pub(crate) struct Said {
    pub(crate) statistics: BTreeMap<String, u64>,
    pub(crate) assembly: String,
}

pub(crate) struct Compiler {
    device: ash::Device,
    properties: khr::pipeline_executable_properties::Device,
    /// The GPU that is compiled for, and the driver.
    pub(crate) name: String,
    _entry: ash::Entry,
}

impl Compiler {
    /// Opens the first device of the driver that the environment names.
    pub(crate) fn open() -> Result<Self, Box<dyn std::error::Error>> {
        // SAFETY: the loader stays loaded as long as this object; no handle is destroyed before the process ends.
        unsafe {
            let entry = ash::Entry::load()?;
            let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
            let instance = entry.create_instance(
                &vk::InstanceCreateInfo::default().application_info(&application),
                None,
            )?;
            let physical = *instance
                .enumerate_physical_devices()?
                .first()
                .ok_or("no device")?;
            let mut driver = vk::PhysicalDeviceDriverProperties::default();
            let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut driver);
            instance.get_physical_device_properties2(physical, &mut properties);
            let device = text(&properties.properties.device_name);
            let name = format!("{device}, {}", text(&driver.driver_info));
            let queues = [vk::DeviceQueueCreateInfo::default().queue_priorities(&[1.0])];
            let extensions = [
                khr::pipeline_executable_properties::NAME,
                c"VK_EXT_robustness2",
            ]
            .map(CStr::as_ptr);
            let mut executable =
                vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default()
                    .pipeline_executable_info(true);
            let mut robust =
                vk::PhysicalDeviceRobustness2FeaturesEXT::default().robust_buffer_access2(true);
            let mut sizes = vk::PhysicalDeviceSubgroupSizeControlFeatures::default()
                .subgroup_size_control(true)
                .compute_full_subgroups(true);
            let mut features = vk::PhysicalDeviceFeatures2::default()
                .features(vk::PhysicalDeviceFeatures::default().robust_buffer_access(true))
                .push_next(&mut executable)
                .push_next(&mut robust)
                .push_next(&mut sizes);
            let info = vk::DeviceCreateInfo::default()
                .queue_create_infos(&queues)
                .enabled_extension_names(&extensions)
                .push_next(&mut features);
            let device = instance.create_device(physical, &info, None)?;
            Ok(Self {
                properties: khr::pipeline_executable_properties::Device::new(&instance, &device),
                device,
                name,
                _entry: entry,
            })
        }
    }

    /// Compiles a text for subgroups of the size that the driver prefers, or of `wave` lanes.
    pub(crate) fn compile(
        &self,
        compiled: &Compiled,
        entry_point: &str,
        wave: Option<u32>,
    ) -> Result<Said, vk::Result> {
        let layout_binding = |&(binding, uniform): &(u32, bool)| {
            vk::DescriptorSetLayoutBinding::default()
                .binding(binding)
                .descriptor_count(1)
                .stage_flags(vk::ShaderStageFlags::COMPUTE)
                .descriptor_type(match (binding, uniform) {
                    (0, true) => vk::DescriptorType::UNIFORM_BUFFER_DYNAMIC,
                    (_, true) => vk::DescriptorType::UNIFORM_BUFFER,
                    (_, false) => vk::DescriptorType::STORAGE_BUFFER,
                })
        };
        let bindings: Vec<_> = compiled.bindings.iter().map(layout_binding).collect();
        let entry_point = CString::new(entry_point).unwrap_or_default();
        // SAFETY: every structure that is pointed to lives to the end of this function; the text is valid SPIR-V.
        unsafe {
            let device = &self.device;
            let module = device.create_shader_module(
                &vk::ShaderModuleCreateInfo::default().code(&compiled.words),
                None,
            )?;
            let set = device.create_descriptor_set_layout(
                &vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings),
                None,
            )?;
            let sets = [set];
            let layout = device.create_pipeline_layout(
                &vk::PipelineLayoutCreateInfo::default().set_layouts(&sets),
                None,
            )?;
            let mut size = vk::PipelineShaderStageRequiredSubgroupSizeCreateInfo::default()
                .required_subgroup_size(wave.unwrap_or(0));
            let stage = vk::PipelineShaderStageCreateInfo::default()
                .stage(vk::ShaderStageFlags::COMPUTE)
                .module(module)
                .name(&entry_point);
            let stage = match wave {
                Some(_) => stage.push_next(&mut size),
                None => {
                    stage.flags(vk::PipelineShaderStageCreateFlags::ALLOW_VARYING_SUBGROUP_SIZE)
                }
            };
            let info = vk::ComputePipelineCreateInfo::default()
                .flags(
                    vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR
                        | vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR,
                )
                .stage(stage)
                .layout(layout);
            let made = device.create_compute_pipelines(vk::PipelineCache::null(), &[info], None);
            let pipeline = made.map_err(|(_, error)| error)?[0];
            let executable = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline);
            let statistics = self
                .properties
                .get_pipeline_executable_statistics(&executable)?;
            let statistics = statistics.iter().map(|statistic| {
                let value = match statistic.format {
                    vk::PipelineExecutableStatisticFormatKHR::FLOAT64 => statistic.value.f64 as u64,
                    _ => statistic.value.u64,
                };
                (text(&statistic.name), value)
            });
            let said = Said {
                statistics: statistics.collect(),
                assembly: self.assembly(&executable)?,
            };
            device.destroy_pipeline(pipeline, None);
            device.destroy_pipeline_layout(layout, None);
            device.destroy_descriptor_set_layout(set, None);
            device.destroy_shader_module(module, None);
            Ok(said)
        }
    }

    /// The last text that the driver gives of a pipeline: its machine code.
    unsafe fn assembly(
        &self,
        executable: &vk::PipelineExecutableInfoKHR<'_>,
    ) -> Result<String, vk::Result> {
        // SAFETY: the pipeline is alive; the second call fills buffers of the sizes that the first one gives.
        unsafe {
            let functions = self.properties.fp();
            let device = self.device.handle();
            let fetch = |count: &mut u32, texts| {
                let get = functions.get_pipeline_executable_internal_representations_khr;
                get(device, executable, count, texts).result()
            };
            let mut count = 0;
            fetch(&mut count, std::ptr::null_mut())?;
            let mut texts =
                vec![vk::PipelineExecutableInternalRepresentationKHR::default(); count as usize];
            fetch(&mut count, texts.as_mut_ptr())?;
            let mut buffers: Vec<_> = texts
                .iter()
                .map(|text| vec![0_u8; text.data_size])
                .collect();
            for (text, buffer) in texts.iter_mut().zip(&mut buffers) {
                text.p_data = buffer.as_mut_ptr().cast();
            }
            fetch(&mut count, texts.as_mut_ptr())?;
            let last = buffers.pop().unwrap_or_default();
            Ok(String::from_utf8_lossy(&last)
                .trim_end_matches('\0')
                .to_owned())
        }
    }
}

fn text(chars: &[c_char]) -> String {
    let bytes: Vec<_> = chars
        .iter()
        .take_while(|&&c| c != 0)
        .map(|&c| c as u8)
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
