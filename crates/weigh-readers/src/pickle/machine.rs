//! The stack machine, run on symbols.

use std::collections::HashMap;

use super::opcode::{Operation, Reader};
use super::value::{Call, Id, Name, Value};
use super::{Suspect, Vouched, Walk, names};

pub(super) const CUT_OFF: &str = "it ends in the middle";

/// A checkpoint of 500,000 tensors has about 20 operations for each in its own pickle, and no
/// published file comes near.
const OPCODES_MAX: u64 = 5_000_000;
const BYTES_MAX: usize = 100 << 20;
const MEMO_MAX: u64 = 2_000_000;
const STACK_MAX: usize = 1_000_000;
const MARKS_MAX: usize = 1_000;
/// Names of any length can be put together from two texts again and again.
const NAME_MAX: usize = 500;
const NAMES_MAX: usize = 10_000;
pub(super) const SUSPECTS_MAX: usize = 10_000;

type Step<T = ()> = Result<T, String>;

/// Runs one pickle up to its end or to where it breaks. `done` operations were done before.
pub(super) fn run(bytes: &[u8], vouched: Vouched, done: u64) -> Walk {
    let mut machine = Machine {
        vouched,
        reader: Reader::new(bytes),
        start: 0,
        protocol: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        names: Vec::new(),
        known: HashMap::new(),
        suspects: Vec::new(),
    };
    let mut opcodes = done;
    let mut outcome = Ok(None);
    if bytes.len() > BYTES_MAX {
        outcome = Err(format!("it has more than {BYTES_MAX} bytes"));
    }
    while outcome == Ok(None) {
        opcodes += 1;
        outcome = match opcodes > OPCODES_MAX {
            true => Err(format!("it has more than {OPCODES_MAX} operations")),
            false => machine.step(),
        };
    }
    let (root, broken) = match outcome {
        Ok(root) => (root, None),
        Err(reason) => (None, Some(reason)),
    };
    Walk {
        values: machine.values,
        names: machine.names,
        root,
        suspects: machine.suspects,
        broken,
        end: machine.reader.at,
        opcodes,
    }
}

struct Machine<'b> {
    vouched: Vouched,
    reader: Reader<'b>,
    /// Where the current operation begins.
    start: usize,
    protocol: u8,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    names: Vec<Name>,
    known: HashMap<Name, u32>,
    suspects: Vec<Suspect>,
}

impl Machine<'_> {
    /// One operation; the value that is left when it is the last.
    fn step(&mut self) -> Step<Option<Id>> {
        self.start = self.reader.at;
        let operation = self.reader.next()?;
        match operation {
            Operation::Stop => return self.pop().map(Some),
            Operation::Protocol(protocol) => self.set_protocol(protocol)?,
            Operation::Frame(len) => self.check_frame(len)?,
            Operation::Mark => self.mark()?,
            Operation::Pop => self.discard()?,
            Operation::PopMark => {
                self.since_mark()?;
            }
            Operation::Duplicate => {
                let top = self.top()?;
                self.put_back(top)?;
            }
            Operation::Get(place) => {
                let id = self.memo.get(&place).copied();
                let unset = || self.wrong("a place of the memo that was never set");
                self.put_back(id.ok_or_else(unset)?)?;
            }
            Operation::Put(place) => self.remember(place)?,
            Operation::Memoize => self.remember(self.memo.len() as u64)?,
            Operation::Append | Operation::Appends | Operation::AddItems => {
                self.add(operation)?;
            }
            Operation::SetItem | Operation::SetItems => self.set(operation)?,
            Operation::Build => self.build()?,
            _ => {
                let value = self.make(operation)?;
                self.push(value)?;
            }
        }
        Ok(None)
    }

    /// Operations that leave a new value.
    fn make(&mut self, operation: Operation<'_>) -> Step<Value> {
        Ok(match operation {
            Operation::None => Value::None,
            Operation::Bool(value) => Value::Bool(value),
            Operation::Int(number) => Value::Int(number),
            Operation::Long(bytes) => long(bytes),
            Operation::Float(number) => Value::Float(number),
            Operation::Digits(line) => digits(line),
            Operation::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.into()),
                Err(_) => return Err(self.wrong("text that is not UTF-8")),
            },
            Operation::Raw(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.into()),
                Err(_) => Value::Bytes(bytes.len() as u64),
            },
            Operation::Quoted(line) => quoted(line),
            Operation::Escaped(line) => plain(line),
            Operation::Bytes(len) => Value::Bytes(len),
            Operation::EmptyList => Value::List(Vec::new()),
            Operation::EmptyDict => Value::Dict(Vec::new()),
            Operation::EmptySet => Value::Set(Vec::new()),
            Operation::List => Value::List(self.since_mark()?),
            Operation::FrozenSet => Value::Set(self.since_mark()?),
            Operation::Tuple => Value::Tuple(self.since_mark()?.into()),
            Operation::Tuples(len) => Value::Tuple(self.pop_last(len)?.into()),
            Operation::Dict => {
                let items = self.since_mark()?;
                Value::Dict(self.pairs(&items)?)
            }
            Operation::Global(module, name) => self.global(module, name)?,
            Operation::StackGlobal => self.stack_global()?,
            Operation::Persistent => Value::Persistent(self.pop()?),
            Operation::Reduce | Operation::NewObject => {
                let arguments = self.pop()?;
                let callee = self.pop()?;
                self.called(callee, arguments)?
            }
            other => self.unusual(other)?,
        })
    }

    /// Operations that PyTorch neither writes nor reads: followed, and never clean.
    fn unusual(&mut self, operation: Operation<'_>) -> Step<Value> {
        match operation {
            Operation::NewObjectEx => {
                self.suspect("operation NEWOBJ_EX")?;
                let named = self.pop()?;
                let arguments = self.pop()?;
                let callee = self.pop()?;
                let all = self.keep(Value::Tuple([arguments, named].into()));
                self.called(callee, all)
            }
            Operation::Instance(module, name) => {
                self.suspect("operation INST")?;
                let items = self.since_mark()?;
                let callee = self.global(module, name)?;
                let callee = self.keep(callee);
                let arguments = self.keep(Value::Tuple(items.into()));
                self.called(callee, arguments)
            }
            Operation::Object => {
                self.suspect("operation OBJ")?;
                let items = self.since_mark()?;
                let nothing = || self.wrong("an object of no class");
                let (callee, items) = items.split_first().ok_or_else(nothing)?;
                let (callee, items) = (*callee, items.to_vec());
                let arguments = self.keep(Value::Tuple(items.into()));
                self.called(callee, arguments)
            }
            Operation::PersistentText => {
                self.suspect("operation PERSID")?;
                Ok(Value::Opaque)
            }
            Operation::Extension(number) => {
                self.suspect(&format!("extension {number} of the importing program"))?;
                Ok(Value::Opaque)
            }
            Operation::OutOfBand => {
                self.suspect("operation NEXT_BUFFER")?;
                Ok(Value::Opaque)
            }
            Operation::ReadOnly => {
                self.suspect("operation READONLY_BUFFER")?;
                self.pop()?;
                Ok(Value::Opaque)
            }
            _ => Err(self.wrong("an operation out of place")),
        }
    }

    fn called(&mut self, callee: Id, arguments: Id) -> Step<Value> {
        if !matches!(self.get(callee), Value::Name(_)) {
            let kind = self.get(callee).kind();
            self.suspect(&format!("a call of {kind}"))?;
        }
        Ok(Value::Call(Box::new(Call {
            callee,
            arguments,
            states: Vec::new(),
            pairs: Vec::new(),
            items: Vec::new(),
        })))
    }

    /// Sets a state. On a class it would change what every other call means.
    fn build(&mut self) -> Step {
        let state = self.pop()?;
        let target = self.top()?;
        match self.values.get_mut(target.index()) {
            Some(Value::Call(call)) => call.states.push(state),
            other => {
                let kind = other.map_or("nothing", |value| value.kind());
                self.suspect(&format!("a state set on {kind}"))?;
            }
        }
        Ok(())
    }

    fn global(&mut self, module: &[u8], name: &[u8]) -> Step<Value> {
        if module.len() > NAME_MAX || name.len() > NAME_MAX {
            self.suspect("a name too long to be one")?;
            return Ok(Value::Opaque);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let name = Name {
            module: text(module),
            name: text(name),
        };
        if let Some(index) = self.known.get(&name) {
            return Ok(Value::Name(*index));
        }
        if self.names.len() >= NAMES_MAX {
            return Err(format!("it has more than {NAMES_MAX} names"));
        }
        let is_dangerous = names::is_dangerous(&name);
        if is_dangerous || !self.vouched.covers(&name) {
            self.report(is_dangerous, name.dotted())?;
        }
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.known.insert(name.clone(), index);
        self.names.push(name);
        Ok(Value::Name(index))
    }

    fn stack_global(&mut self) -> Step<Value> {
        let (name, module) = (self.pop()?, self.pop()?);
        let text = |id: Id| match self.get(id) {
            Value::Text(text) if text.len() <= NAME_MAX => Some(text.to_string()),
            _ => None,
        };
        let (Some(module), Some(name)) = (text(module), text(name)) else {
            self.suspect("a name that is computed, or too long to be one")?;
            return Ok(Value::Opaque);
        };
        self.global(module.as_bytes(), name.as_bytes())
    }

    fn suspect(&mut self, what: &str) -> Step {
        self.report(false, what.to_owned())
    }

    fn report(&mut self, is_dangerous: bool, what: String) -> Step {
        let at = self.start as u64;
        // The same thing again says nothing new; names come here once.
        let is_known = self.suspects.last().is_some_and(|last| last.what == what);
        if is_known {
            return Ok(());
        }
        if self.suspects.len() >= SUSPECTS_MAX {
            return Err(format!(
                "it has more than {SUSPECTS_MAX} things nobody vouches for"
            ));
        }
        self.suspects.push(Suspect {
            is_dangerous,
            what,
            at,
        });
        Ok(())
    }

    fn set_protocol(&mut self, protocol: u8) -> Step {
        if protocol > 5 {
            return Err(self.wrong("a protocol beyond the fifth"));
        }
        self.protocol = protocol;
        Ok(())
    }

    fn check_frame(&self, len: u64) -> Step {
        match usize::try_from(len) {
            Ok(len) if len <= self.reader.left() => Ok(()),
            _ => Err(CUT_OFF.to_owned()),
        }
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what}, at byte {}", self.start)
    }

    fn get(&self, id: Id) -> &Value {
        self.values.get(id.index()).unwrap_or(&Value::Opaque)
    }

    /// Keeps a value without pushing it.
    fn keep(&mut self, value: Value) -> Id {
        let id = Id::new(self.values.len());
        self.values.push(value);
        id
    }

    fn push(&mut self, value: Value) -> Step {
        let id = self.keep(value);
        self.put_back(id)
    }

    fn put_back(&mut self, id: Id) -> Step {
        if self.stack.len() >= STACK_MAX {
            return Err(format!("its stack holds more than {STACK_MAX} values"));
        }
        self.stack.push(id);
        Ok(())
    }

    /// What stands below the last mark is out of reach.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Step<Id> {
        let empty = || self.wrong("an operation that needs a value, and none is there");
        if self.stack.len() <= self.floor() {
            return Err(empty());
        }
        self.stack.pop().ok_or_else(|| self.wrong("an empty stack"))
    }

    fn pop_last(&mut self, count: usize) -> Step<Vec<Id>> {
        let start = self.stack.len().checked_sub(count);
        let start = start.filter(|start| *start >= self.floor());
        match start {
            Some(start) => Ok(self.stack.split_off(start)),
            None => Err(self.wrong("an operation that needs more values than are there")),
        }
    }

    fn top(&self) -> Step<Id> {
        let reachable = self.stack.get(self.floor()..).unwrap_or_default();
        let top = reachable.last().copied();
        top.ok_or_else(|| self.wrong("an operation that needs a value, and none is there"))
    }

    fn mark(&mut self) -> Step {
        if self.marks.len() >= MARKS_MAX {
            return Err(format!("it is nested more than {MARKS_MAX} deep"));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn discard(&mut self) -> Step {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn since_mark(&mut self) -> Step<Vec<Id>> {
        let unmarked = self.wrong("an operation that needs a mark, and none is there");
        let mark = self.marks.pop().ok_or(unmarked)?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn remember(&mut self, place: u64) -> Step {
        let top = self.top()?;
        if self.memo.len() as u64 >= MEMO_MAX && !self.memo.contains_key(&place) {
            return Err(format!("its memo holds more than {MEMO_MAX} values"));
        }
        self.memo.insert(place, top);
        Ok(())
    }

    fn add(&mut self, operation: Operation<'_>) -> Step {
        let items = match operation {
            Operation::Append => vec![self.pop()?],
            _ => self.since_mark()?,
        };
        let target = self.top()?;
        let wrong = self.wrong("items added to something that takes none");
        match self.values.get_mut(target.index()) {
            Some(Value::List(list)) if operation != Operation::AddItems => list.extend(items),
            Some(Value::Set(set)) if operation == Operation::AddItems => set.extend(items),
            Some(Value::Call(call)) => call.items.extend(items),
            _ => return Err(wrong),
        }
        Ok(())
    }

    fn set(&mut self, operation: Operation<'_>) -> Step {
        let items = match operation {
            Operation::SetItem => self.pop_last(2)?,
            _ => self.since_mark()?,
        };
        let pairs = self.pairs(&items)?;
        let target = self.top()?;
        let wrong = self.wrong("keys set in something that has none");
        match self.values.get_mut(target.index()) {
            Some(Value::Dict(dict)) => dict.extend(pairs),
            Some(Value::Call(call)) => call.pairs.extend(pairs),
            _ => return Err(wrong),
        }
        Ok(())
    }

    fn pairs(&self, items: &[Id]) -> Step<Vec<(Id, Id)>> {
        let mut pairs = Vec::with_capacity(items.len() / 2);
        for pair in items.chunks(2) {
            let [key, value] = pair else {
                return Err(self.wrong("a key without a value"));
            };
            pairs.push((*key, *value));
        }
        Ok(pairs)
    }
}

/// Two's complement, little-endian.
fn long(bytes: &[u8]) -> Value {
    let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if is_negative { 0xFF } else { 0 };
    let mut wide = [fill; 8];
    match wide.get_mut(..bytes.len()) {
        Some(low) => {
            low.copy_from_slice(bytes);
            Value::Int(i64::from_le_bytes(wide))
        }
        None => Value::Long(bytes.into()),
    }
}

/// `I01`, `I42`, `L42L`, `F0.5`. Python reads other spellings too; no program writes them.
fn digits(line: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(line) else {
        return Value::Opaque;
    };
    match text {
        "00" => return Value::Bool(false),
        "01" => return Value::Bool(true),
        _ => {}
    }
    let whole = text.strip_suffix('L').unwrap_or(text);
    if let Ok(number) = whole.parse() {
        return Value::Int(number);
    }
    let is_number = |c: char| c.is_ascii_digit() || "+-.eEinfa".contains(c);
    match text.parse() {
        Ok(number) if text.chars().all(is_number) && text.contains(['.', 'e', 'n']) => {
            Value::Float(number)
        }
        _ => Value::Opaque,
    }
}

/// Text without escapes; what escapes spell is not known.
fn plain(line: &[u8]) -> Value {
    match std::str::from_utf8(line) {
        Ok(text) if text.is_ascii() && !text.contains('\\') => Value::Text(text.into()),
        _ => Value::Opaque,
    }
}

fn quoted(line: &[u8]) -> Value {
    let trimmed = line.trim_ascii_end();
    let inner = |quote: &[u8]| trimmed.strip_prefix(quote)?.strip_suffix(quote);
    match inner(b"'").or_else(|| inner(b"\"")) {
        Some(line) => plain(line),
        None => Value::Opaque,
    }
}
