import { type Attr, nativeBackend } from "../engine/native-op";
import { type AttrMessage, type ShapeMessage, type TensorMessage, messages } from "./protobuf";

/** TensorFlow's type numbers in a GraphDef, for the types that tfjs has. */
export const FLOAT = 1;
export const INT32 = 3;
export const BOOL = 10;

type Scalar = number | boolean | string;

export function shapeMessage(shape: readonly number[]): ShapeMessage {
  const message = new messages.TensorShape();
  message.setDimList(
    shape.map((size) => {
      const dim = new messages.TensorShape.Dim();
      dim.setSize(size);
      return dim;
    }),
  );
  return message;
}

/** A constant's value; `bytes` are the elements, row-major, little-endian. */
export function tensorMessage(
  dtype: number,
  shape: readonly number[],
  bytes: Uint8Array,
): TensorMessage {
  const message = new messages.Tensor();
  message.setDtype(dtype);
  message.setTensorShape(shapeMessage(shape));
  message.setTensorContent(bytes);
  return message;
}

export function typeAttrMessage(dtype: number): AttrMessage {
  const message = new messages.AttrValue();
  message.setType(dtype);
  return message;
}

export function intAttrMessage(value: number): AttrMessage {
  const message = new messages.AttrValue();
  message.setI(value);
  return message;
}

export function shapeAttrMessage(shape: readonly number[]): AttrMessage {
  const message = new messages.AttrValue();
  message.setShape(shapeMessage(shape));
  return message;
}

export function stringAttrMessage(text: string): AttrMessage {
  const message = new messages.AttrValue();
  message.setS(Buffer.from(text));
  return message;
}

export function tensorAttrMessage(tensor: TensorMessage): AttrMessage {
  const message = new messages.AttrValue();
  message.setTensor(tensor);
  return message;
}

/** The attribute that tfjs gave to the eager op, as the graph wants it. */
export function attrMessage({ name, type, value }: Attr): AttrMessage {
  const { binding } = nativeBackend();
  const message = new messages.AttrValue();
  if (type === binding["TF_ATTR_SHAPE"]) message.setShape(shapeMessage(value as number[]));
  else if (Array.isArray(value)) return listMessage(type, value as Scalar[]);
  else if (type === binding["TF_ATTR_STRING"]) message.setS(Buffer.from(String(value)));
  else if (type === binding["TF_ATTR_INT"]) message.setI(value as number);
  else if (type === binding["TF_ATTR_FLOAT"]) message.setF(value as number);
  else if (type === binding["TF_ATTR_BOOL"]) message.setB(Boolean(value));
  else if (type === binding["TF_ATTR_TYPE"]) message.setType(value as number);
  else throw new TypeError(`attribute ${name} has the unknown kind ${type}`);
  return message;
}

function listMessage(type: number, values: readonly Scalar[]): AttrMessage {
  const { binding } = nativeBackend();
  const list = new messages.AttrValue.ListValue();
  if (type === binding["TF_ATTR_STRING"]) list.setSList(values.map((v) => Buffer.from(String(v))));
  else if (type === binding["TF_ATTR_INT"]) list.setIList(values as number[]);
  else if (type === binding["TF_ATTR_FLOAT"]) list.setFList(values as number[]);
  else if (type === binding["TF_ATTR_BOOL"]) list.setBList(values.map(Boolean));
  else list.setTypeList(values as number[]);
  const message = new messages.AttrValue();
  message.setList(list);
  return message;
}
