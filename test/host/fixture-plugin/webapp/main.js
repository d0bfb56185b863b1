globalThis.registerPlugin('com.example.fixture', {});
