// The npm packages of the tests. Without them a test fails with the command that gets them.
export async function load(name) {
    try {
        return await import(name);
    } catch (error) {
        if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
        throw new Error(`the npm package ${name} is missing: run scripts/install`);
    }
}

export const { WebSocket, WebSocketServer } = await load('ws');
export const { Centrifuge: JsonCentrifuge } = await load('centrifuge');
export const { Centrifuge: ProtobufCentrifuge } = await load('centrifuge/build/protobuf');
