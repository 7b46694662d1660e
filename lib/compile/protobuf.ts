// TensorFlow's protocol buffers come with tfjs-node as untyped JavaScript; these are the few
// messages and setters that a graph needs.
import { createRequire } from "node:module";

interface MapField<V> {
  set(key: string, value: V): void;
}
interface Dim {
  setSize(size: number): void;
}
export interface ShapeMessage {
  setDimList(dims: Dim[]): void;
}
export interface TensorMessage {
  setDtype(dtype: number): void;
  setTensorShape(shape: ShapeMessage): void;
  setTensorContent(bytes: Uint8Array): void;
}
interface ListMessage {
  setIList(values: readonly number[]): void;
  setFList(values: readonly number[]): void;
  setBList(values: readonly boolean[]): void;
  setSList(values: readonly Uint8Array[]): void;
  setTypeList(values: readonly number[]): void;
}
export interface AttrMessage {
  setI(value: number): void;
  setF(value: number): void;
  setB(value: boolean): void;
  setS(value: Uint8Array): void;
  setType(value: number): void;
  setShape(value: ShapeMessage): void;
  setTensor(value: TensorMessage): void;
  setList(value: ListMessage): void;
}
export interface NodeMessage {
  setName(name: string): void;
  setOp(op: string): void;
  setInputList(inputs: readonly string[]): void;
  getAttrMap(): MapField<AttrMessage>;
  getName(): string;
  getOp(): string;
  getInputList(): readonly string[];
  serializeBinary(): Uint8Array;
}
interface GraphMessage {
  setNodeList(nodes: readonly NodeMessage[]): void;
  setVersions(versions: object): void;
}
export interface TensorInfoMessage {
  setName(name: string): void;
  setDtype(dtype: number): void;
  setTensorShape(shape: ShapeMessage): void;
}
interface SignatureMessage {
  setMethodName(name: string): void;
  getInputsMap(): MapField<TensorInfoMessage>;
  getOutputsMap(): MapField<TensorInfoMessage>;
}
interface MetaGraphMessage {
  setGraphDef(graph: GraphMessage): void;
  setMetaInfoDef(info: object): void;
  getSignatureDefMap(): MapField<SignatureMessage>;
}
interface SavedModelMessage {
  setSavedModelSchemaVersion(version: number): void;
  setMetaGraphsList(graphs: readonly MetaGraphMessage[]): void;
  serializeBinary(): Uint8Array;
}

interface Messages {
  TensorShape: (new () => ShapeMessage) & { Dim: new () => Dim };
  Tensor: new () => TensorMessage;
  AttrValue: (new () => AttrMessage) & { ListValue: new () => ListMessage };
  NodeDef: new () => NodeMessage;
  GraphDef: new () => GraphMessage;
  VersionDef: new () => { setProducer(version: number): void };
  MetaGraphDef: (new () => MetaGraphMessage) & {
    MetaInfoDef: new () => { setTagsList(tags: readonly string[]): void };
  };
  SignatureDef: new () => SignatureMessage;
  TensorInfo: new () => TensorInfoMessage;
  SavedModel: new () => SavedModelMessage;
}

export const messages = createRequire(__filename)(
  "@tensorflow/tfjs-node-gpu/dist/proto/api_pb",
) as Messages;
