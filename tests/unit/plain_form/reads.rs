//! What some code reads of the uniform, by a walk through its statements.

use std::collections::BTreeSet;

use naga::{Block, Expression, Function, Handle, Module, Statement, Type, TypeInner};

/// What some code reads of the uniform, and which functions it calls, directly and by others.
pub(crate) struct Reads<'m> {
    module: &'m Module,
    pub(crate) fields: BTreeSet<String>,
    called: BTreeSet<String>,
}

impl<'m> Reads<'m> {
    pub(crate) fn of(module: &'m Module) -> Self {
        Self {
            module,
            fields: BTreeSet::new(),
            called: BTreeSet::new(),
        }
    }

    pub(crate) fn function(&mut self, handle: Handle<Function>) {
        let function = &self.module.functions[handle];
        let name = function.name.clone().expect("functions have names");
        if self.called.insert(name) {
            self.block(function, &function.body);
        }
    }

    pub(crate) fn block(&mut self, function: &Function, block: &Block) {
        for statement in block {
            match statement {
                Statement::Emit(range) => {
                    let loads = range
                        .clone()
                        .filter_map(|it| match function.expressions[it] {
                            Expression::Load { pointer } => Some(pointer),
                            _ => None,
                        });
                    self.fields
                        .extend(loads.filter_map(|pointer| field(self.module, function, pointer)));
                }
                Statement::Call { function, .. } => self.function(*function),
                _ => {}
            }
            inner_blocks(statement)
                .into_iter()
                .for_each(|inner| self.block(function, inner));
        }
    }

    /// The bodies of loops alone.
    pub(crate) fn loops(&mut self, function: &Function, block: &Block) {
        for statement in block {
            let is_loop = matches!(statement, Statement::Loop { .. });
            for inner in inner_blocks(statement) {
                match is_loop {
                    true => self.block(function, inner),
                    false => self.loops(function, inner),
                }
            }
        }
    }
}

fn inner_blocks(statement: &Statement) -> Vec<&Block> {
    match statement {
        Statement::Block(block) => vec![block],
        Statement::If { accept, reject, .. } => vec![accept, reject],
        Statement::Loop {
            body, continuing, ..
        } => vec![body, continuing],
        Statement::Switch { cases, .. } => cases.iter().map(|case| &case.body).collect(),
        _ => Vec::new(),
    }
}

/// The field of the uniform that a pointer is of; "all of" where it is of several.
fn field(module: &Module, function: &Function, pointer: Handle<Expression>) -> Option<String> {
    let (name, ty) = place(module, function, pointer)?;
    match module.types[ty].inner {
        TypeInner::Struct { .. } => Some(format!("all of {name}")),
        _ => Some(name),
    }
}

/// The name and the type of the uniform, or of what of it a pointer is of.
fn place(
    module: &Module,
    function: &Function,
    pointer: Handle<Expression>,
) -> Option<(String, Handle<Type>)> {
    match function.expressions[pointer] {
        Expression::GlobalVariable(global) => {
            let variable = &module.global_variables[global];
            let name = variable.name.clone()?;
            (name == "params").then_some((name, variable.ty))
        }
        Expression::AccessIndex { base, index } => {
            let (name, ty) = place(module, function, base)?;
            match &module.types[ty].inner {
                TypeInner::Struct { members, .. } => {
                    let member = &members[index as usize];
                    Some((member.name.clone()?, member.ty))
                }
                // An element of an array, or a component of a vector.
                _ => Some((name, ty)),
            }
        }
        _ => None,
    }
}
